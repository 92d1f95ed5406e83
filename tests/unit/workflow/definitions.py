"""Reads the definitions of the state machines, as AWS gets them: with everything substituted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "pipeline" / "statemachines"
NAMES = sorted(path.name.removesuffix(".asl.json") for path in FOLDER.glob("*.asl.json"))
CHILDREN = ("child", "child-express")
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")

State = dict[str, Any]


def text(name: str) -> str:
    return (FOLDER / f"{name}.asl.json").read_text()


def load(name: str, child_start: str = "Download") -> dict[str, Any]:
    """Return a definition with placeholders that say what they are, but for the child's start."""
    given = {"ChildStartAt": child_start}
    substituted = PLACEHOLDER.sub(lambda found: given.get(found[1], f"<{found[1]}>"), text(name))
    definition: dict[str, Any] = json.loads(substituted)
    return definition


def variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every definition in every shape that its substitutions give it."""
    for name in NAMES:
        if name in CHILDREN:
            for start in ("Download", "Route"):
                yield f"{name}, {start}", load(name, start)
        else:
            yield name, load(name)


def tasks(definition: dict[str, Any]) -> dict[str, State]:
    return {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}


def is_function(state: State) -> bool:
    return bool(state["Resource"] == "arn:aws:states:::lambda:invoke")


def next_states(state: State) -> set[str]:
    """Return the states that may follow."""
    branches = [*state.get("Choices", []), *state.get("Catch", []), state]
    return {branch["Next"] for branch in branches if "Next" in branch} | (
        {state["Default"]} if "Default" in state else set()
    )


def reachable(definition: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = {definition["StartAt"]}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= next_states(definition["States"][name]) - found
    return found


def paths(value: Any) -> Iterator[str]:
    """Yield every JSONPath in a piece of a definition."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.endswith((".$", "Path")) or key == "Variable":
                if isinstance(inner, str):
                    yield inner
            else:
                yield from paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner)
