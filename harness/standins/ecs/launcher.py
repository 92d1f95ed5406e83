"""Starts a task so that it cannot outlive the stand-ins, then becomes it.

Runs as `python -I -S launcher.py PARENT_PID PROGRAM ARGUMENT...`. On Linux the kernel is asked to kill the
process when the thread that started it ends; the request survives `exec`. Elsewhere the clearing of the stack
finds it.
"""

import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def main() -> None:
    """Replace this process by the program in the arguments, found on PATH."""
    parent_pid, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:  # the stand-ins ended before the request was made
        os._exit(1)
    os.execvp(program, sys.argv[2:])  # noqa: S606


if __name__ == "__main__":
    main()
