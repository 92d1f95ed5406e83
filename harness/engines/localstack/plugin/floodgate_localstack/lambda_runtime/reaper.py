"""Ends the process groups of an engine that died, whatever killed it.

Runs as `python -I -S reaper.py` in its own session with a pipe from the engine on stdin. The engine writes
`+GROUP` and `-GROUP` lines; when the pipe closes, every group still listed is killed. This reaches the
grandchildren, which the kernel's parent-death signal does not.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Keep the list until the engine is gone, then kill what is on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


main()
