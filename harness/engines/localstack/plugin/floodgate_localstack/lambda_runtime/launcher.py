"""Starts a runtime process so that it cannot outlive the engine, then becomes it.

Runs in the Lambda Python as `python -I -S launcher.py ENGINE_PID PROGRAM ARGUMENT...`. On Linux the kernel is
asked to kill the process when the thread that started it ends; the request survives `exec`. Elsewhere the
reaper and the closed Runtime API connection do the work.
"""

import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def main() -> None:
    """Replace this process by the program in the arguments."""
    engine_pid, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != engine_pid:  # the engine ended before the request was made
        os._exit(1)
    os.execv(program, sys.argv[2:])  # noqa: S606


main()
