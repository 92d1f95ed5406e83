"""The watcher of a stack that must not outlive its owner: `python -m harness.stack.watch NAME`.

It waits for the death of the process that `owner.json` names, lets the run be settled that the owner left,
and clears the stack. It is a process of its own because nothing inside the owner survives `kill -9`; should
the watcher be killed as well, the next `up` sweeps.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from harness.engines import process
from harness.engines.process import is_running
from harness.paths import HOME_ENV, stacks_dir
from harness.stack.state import WATCHER_ROLE, Bequest, StackState

_POLL_S = 0.5
_BEQUEST_TIMEOUT_S = 180.0
"""The stack must not stay for long whatever its last command does."""


def start_watcher(state: StackState) -> None:
    """Start the watcher of a stack that has an owner."""
    child = process.spawn(
        [sys.executable, "-P", "-m", "harness.stack.watch", state.name],
        log_file=state.folder / "watcher.log",
        env={**os.environ, HOME_ENV: str(stacks_dir().parent)},
        cwd=Path("/"),
        owner_dir=state.folder / WATCHER_ROLE,
    )
    state.processes.write(process.record_of(WATCHER_ROLE, child.pid))


def main(name: str) -> None:
    """Wait for the end of the owner, then clear its stack; end at once when the stack has gone."""
    state = StackState(name)
    ownership = state.ownership()
    if ownership is None or ownership.owner is None:
        return
    while is_running(ownership.owner):
        time.sleep(_POLL_S)
        if state.ownership() != ownership:
            return
    _clear_if_still_of(state, name)


def _clear_if_still_of(state: StackState, name: str) -> None:
    # Only now: a watcher is one more process beside each stack, and should weigh nothing while it waits.
    from harness.stack.clearing import clear_for_good

    with state.locked():
        if state.folder.exists() and state.is_stale():
            print(f"the owner of {name} is dead: clearing its stack", flush=True)
            ownership = state.ownership()
            if ownership and ownership.bequest:
                _execute(ownership.bequest)
            clear_for_good(state)


def _execute(bequest: Bequest) -> None:
    """Run the last command; that it fails, or hangs, keeps no stack from being cleared."""
    try:
        with (Path(bequest.run_dir) / "settle.log").open("ab") as log:
            subprocess.run(
                bequest.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_BEQUEST_TIMEOUT_S,
                check=False,
            )
    except (OSError, subprocess.SubprocessError) as exc:
        print(f"{bequest.command}: {exc}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
