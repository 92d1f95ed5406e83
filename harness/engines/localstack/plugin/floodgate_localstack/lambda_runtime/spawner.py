"""Starts runtime processes from one long-lived thread, each in its own session.

The thread matters: Linux sends the parent-death signal (see launcher.py) when the *thread* that forked ends.
"""

import contextlib
import errno
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
EXIT_WAIT_S = 5.0


@dataclass(frozen=True)
class Command:
    """What to start: `output_fd` takes stdout and stderr, `pass_fds` stay open in the child."""

    arguments: Sequence[str]
    environ: dict[str, str]
    folder: Path
    output_fd: int
    pass_fds: tuple[int, ...] = ()


class Spawner:
    """Starts and ends process groups; one for the whole engine."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[tuple[Command, Future[subprocess.Popen[bytes]]]] = (
            queue.SimpleQueue()
        )
        self._reaper: subprocess.Popen[bytes] | None = None
        self._reaper_lock = threading.Lock()
        self._groups: set[int] = set()
        threading.Thread(target=self._serve, name="floodgate-lambda-spawner", daemon=True).start()

    def spawn(self, command: Command) -> "ProcessGroup":
        """Start a process; raises OSError where the program cannot be started."""
        future: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((command, future))
        process = future.result()
        with self._reaper_lock:
            self._groups.add(process.pid)
            self._tell_reaper("+", process.pid)
        return ProcessGroup(process, self)

    def forget(self, group: int) -> None:
        """Called by a process group that is about to give up its number."""
        with self._reaper_lock:
            self._groups.discard(group)
            self._tell_reaper("-", group)

    def close(self) -> None:
        """End the reaper, which kills what is still running; a later start has a new one."""
        with self._reaper_lock:
            self._end_reaper()

    def _serve(self) -> None:
        while True:
            command, future = self._requests.get()
            try:
                future.set_result(_start(command))
            except OSError as exc:
                future.set_exception(exc)
            except ValueError as exc:  # a variable that no process can have: a NUL, or half a character
                future.set_exception(OSError(errno.EINVAL, str(exc)))

    def _tell_reaper(self, sign: str, group: int) -> None:
        if self._reaper is not None and self._reaper.poll() is None:
            self._write(f"{sign}{group}\n")
            return
        # None yet, or somebody killed it; until now there was only the kernel's signal.
        self._end_reaper()
        self._reaper = _start_reaper()
        self._write("".join(f"+{each}\n" for each in sorted(self._groups)))

    def _end_reaper(self) -> None:
        reaper, self._reaper = self._reaper, None
        if reaper is not None and reaper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                reaper.stdin.close()
            reaper.wait(EXIT_WAIT_S)

    def _write(self, lines: str) -> None:
        assert self._reaper is not None
        assert self._reaper.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._reaper.stdin.write(lines.encode())
            self._reaper.stdin.flush()


class ProcessGroup:
    """One runtime process and whatever it started."""

    def __init__(self, process: subprocess.Popen[bytes], spawner: Spawner) -> None:
        self.pid = process.pid
        self._process = process
        self._spawner = spawner
        self._lock = threading.Lock()
        self._killed = False
        self.exit_fd = _exit_fd(self.pid)

    def kill(self) -> None:
        """Kill the whole group; harmless when repeated.

        The leader is not reaped before, so that its number cannot belong to somebody else.
        """
        with self._lock:
            if self._killed:
                return
            self._killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._spawner.forget(self.pid)

    def has_exited(self) -> bool:
        """Whether the leader has ended, without reaping it where the system allows that."""
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # reaped by another thread since
            return True

    def reap(self) -> int:
        """Kill what is left of the group and return the leader's return code, negative for a signal."""
        self.kill()
        code = self._process.wait(EXIT_WAIT_S)
        if self.exit_fd is not None:
            os.close(self.exit_fd)
            self.exit_fd = None
        return code

    def peak_memory_mb(self) -> int:
        """Peak resident memory of the leader in MB as far as the system tells, else 0."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text("ascii", "replace")
        except OSError:
            return 0
        peak = status.partition("VmHWM:")[2].split(maxsplit=1)
        return -(-int(peak[0]) // 1024) if peak else 0


def _exit_fd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such.

    Old kernels do not know the call, sandboxes forbid it, and descriptors can run out: the process runs by
    now, so none of that may end in an error.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _start(command: Command) -> "subprocess.Popen[bytes]":
    launcher = [sys.executable, "-I", "-S", str(HERE / "launcher.py"), str(os.getpid())]
    return subprocess.Popen(
        [*launcher, *command.arguments],
        env=command.environ,
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        stdout=command.output_fd,
        stderr=subprocess.STDOUT,
        pass_fds=command.pass_fds,
        start_new_session=True,
    )


def _start_reaper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(HERE / "reaper.py")],
        env={},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
