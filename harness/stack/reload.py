"""`floodgate up --watch`: functions, state machines and ECS tasks follow their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import watchfiles

from harness.deploy import PipelineOptions, pipeline_files
from harness.deploy.reload import Reloader
from harness.engines.base import Progress
from harness.exceptions import FloodgateError, StackLostError, StackNotFoundError
from harness.stack import stand_ins
from harness.stack.state import StackState

_IGNORED = frozenset({"__pycache__", "node_modules"})
_POLL_MS = 500
"""How often the watcher looks up from waiting, so that Ctrl-C is seen."""


def watch(name: str, options: PipelineOptions, progress: Progress) -> None:
    """Keep a stack's code at what its files are, until Ctrl-C, which leaves the stack up.

    A file with a mistake in it is told, and the old code goes on running.

    :raises StackNotFoundError: no such stack is up
    :raises StackLostError: the stack has gone meanwhile
    """
    state = StackState(name)
    description = state.description()
    if description is None:
        raise StackNotFoundError(
            f"no stack named {name!r} is up", hint=f"start it: floodgate up --name {name}"
        )
    folder = (options.handlers or pipeline_files.folder()).resolve()
    reloader = Reloader(description.engine, options.handlers, state.deploy_dir, progress)
    progress(f"watching {folder}; Ctrl-C ends the watching, the stack stays up")
    try:
        for changed in _changes(folder):
            progress(f"changed: {', '.join(sorted(changed))}")
            _reload(state, reloader, progress)
    except KeyboardInterrupt:
        progress(f"no longer watching; the stack stays up until `floodgate down --name {name}`")


def _reload(state: StackState, reloader: Reloader, progress: Progress) -> None:
    try:
        updated = reloader.update()
        if updated.code:
            stand_ins.reload(state, updated.code)
    except StackLostError:
        raise
    except FloodgateError as error:
        progress(f"not reloaded: {error.message}" + (f"\n  fix: {error.hint}" if error.hint else ""))
    else:
        progress(f"reloaded: {updated}")


def _changes(folder: Path) -> Iterator[set[str]]:
    """Yield the names of files that have changed, those that are saved together at once."""
    for found in watchfiles.watch(
        folder, watch_filter=_is_source, rust_timeout=_POLL_MS, raise_interrupt=True
    ):
        yield {_name(Path(path), folder) for _, path in found}


def _is_source(change: watchfiles.Change, path: str) -> bool:
    """Tell whether a change matters; editors' own files and compiled ones do not."""
    del change
    parts = Path(path).parts
    if not _IGNORED.isdisjoint(parts) or parts[-1].startswith("."):
        return False
    return path.endswith((".py", ".asl.json")) or parts[-1] == "requirements.txt"


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
