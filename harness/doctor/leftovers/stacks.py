"""Stacks in this user's state folder: those that are up, broken ones, and what dead ones have left."""

from __future__ import annotations

from collections.abc import Iterator

from harness.doctor.finding import Finding, note, ok, warning
from harness.exceptions import FloodgateError
from harness.stack.state import StackState, known_names


def look() -> Iterator[Finding]:
    """Look at each stack. One that another command is bringing up or down just now is left alone."""
    names = known_names()
    if not names:
        yield ok("leftovers.stacks", "no stack has left anything")
    for name in names:
        yield _look_at(StackState(name))


def _look_at(state: StackState) -> Finding:
    try:
        with state.locked_if_free() as held:
            if not held:
                return note(_id(state), f"the stack {state.name!r} is being brought up or down just now")
            return _state_of(state)
    except (OSError, ValueError, KeyError, TypeError, FloodgateError) as exc:
        return warning(
            _id(state),
            f"the state of the stack {state.name!r} cannot be read: {exc}",
            fix=f"end it: floodgate down --name {state.name}; if that fails, too, delete {state.folder}",
        )


def _state_of(state: StackState) -> Finding:
    if state.is_stale():
        return warning(
            _id(state),
            f"the stack {state.name!r} is dead and has left its folder, perhaps processes, too",
            fix=f"floodgate down --name {state.name}; the next `floodgate up` or `run` does it as well",
            mendable=True,
            folder=str(state.folder),
        )
    if dead := state.dead_roles():
        return warning(
            _id(state),
            f"the stack {state.name!r} is broken: {', '.join(dead)} no longer runs",
            fix=f"floodgate down --name {state.name}, then start it again",
            dead=dead,
        )
    ownership = state.ownership()
    kept = "until `floodgate down`" if ownership and ownership.owner is None else "for a run"
    return note(_id(state), f"the stack {state.name!r} is up {kept}", folder=str(state.folder))


def _id(state: StackState) -> str:
    return f"leftovers.stack.{state.name}"
