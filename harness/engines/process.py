"""Child processes that must never be left behind: records of them, and their end.

A process that belongs to a stack is found in three ways, because none of them alone survives `kill -9` of its
parent at every moment: by its record (id and start time), by its parent or session, and by the environment
variable `OWNER_ENV`, which every process of a stack inherits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from harness.engines.base import ProcessRecord

OWNER_ENV = "FLOODGATE_OWNER_DIR"
"""Environment variable with the folder that a process works for: a stack's, or one part's below it."""
_OURS_ALONE = (OWNER_ENV, "FLOODGATE_LAMBDA_DIR")
_OWNER_VARIABLES = (*_OURS_ALONE, "LAMBDA_TASK_ROOT")
"""Lambda processes get an environment as on AWS; their code lies in the state folder all the same."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KILL_WAIT_S = 10.0
_POLL_S = 0.02
_children: list[subprocess.Popen[bytes]] = []
"""Keeps the handles of what we started: Python warns when one is dropped while its process runs."""


def spawn(
    command: Sequence[str], *, log_file: Path, env: Mapping[str, str], cwd: Path, owner_dir: Path
) -> subprocess.Popen[bytes]:
    """Start a process of its own session, so that Ctrl-C in our terminal does not reach it.

    :param log_file: takes its output and errors, after what is already there
    :param owner_dir: the folder that marks it as ours
    """
    with log_file.open("ab") as log:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, OWNER_ENV: str(owner_dir)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children.append(child)
    return child


def record_of(role: str, pid: int) -> ProcessRecord:
    """Return the record of a running process; a process that is gone gets a start time of 0."""
    try:
        return ProcessRecord(role, pid, start_of(pid))
    except psutil.NoSuchProcess:
        return ProcessRecord(role, pid, 0.0)


def start_of(pid: int) -> float:
    """Return when a process started, in seconds since the machine did; raises `psutil.NoSuchProcess`.

    psutil's `create_time` adds the wall clock, so that a clock that is set (NTP after a long sleep, a virtual
    machine that is resumed) would make every process another one: healthy stacks would be taken for dead.
    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (field 22)
    """
    if not psutil.LINUX:
        return psutil.Process(pid).create_time()
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError) as exc:
        raise psutil.NoSuchProcess(pid) from exc
    return int(fields[19]) / _TICKS_PER_S


def is_running(record: ProcessRecord) -> bool:
    """Tell whether that very process runs; neither a zombie nor a later process of the same id counts."""
    return _process_of(record) is not None


def end_all(records: Iterable[ProcessRecord], owner_dir: Path, *, grace_s: float) -> None:
    """End processes and everything that they started, and return when they are gone.

    First SIGTERM to the recorded ones, so that they can end their own children in order; SIGKILL to whatever
    is left after `grace_s`.

    :param owner_dir: processes that work for this folder, or one below it, are ended without a record, too
    """
    roots = [process for record in records if (process := _process_of(record)) and process.pid != os.getpid()]
    family = {process.pid: process for process in [*roots, *_descendants(roots), *_marked(owner_dir)]}
    for process in roots:
        _signal(process, signal.SIGTERM)
    _wait(roots, grace_s)
    family.update((process.pid, process) for process in _marked(owner_dir))
    for process in family.values():
        _signal(process, signal.SIGKILL)
    _wait(family.values(), _KILL_WAIT_S)
    _forget_ended()


def of_owner(owner_dir: Path) -> list[int]:
    """Return the ids of all processes that work for this folder or one below."""
    return [process.pid for process in _marked(owner_dir)]


def owner_of(process: psutil.Process) -> str:
    """Return the folder that a process works for; empty for one that is not ours, or not to be looked at.

    By the variables that nobody but Floodgate sets: a process with LAMBDA_TASK_ROOT may be anybody's.
    """
    with contextlib.suppress(psutil.Error, OSError):
        env = process.environ()
        return next((env[name] for name in _OURS_ALONE if env.get(name, "").startswith(os.sep)), "")
    return ""


def _process_of(record: ProcessRecord) -> psutil.Process | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(record.pid)
        if start_of(record.pid) == record.started_at and _runs(process):
            return process
    return None


def _descendants(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += process.children(recursive=True)
    return found


def _marked(owner_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            if _belongs(process.environ(), owner_dir) and _runs(process):
                found.append(process)
    return found


def _belongs(env: Mapping[str, str], owner_dir: Path) -> bool:
    values = (env.get(name, "") for name in _OWNER_VARIABLES)
    return any(value == str(owner_dir) or value.startswith(f"{owner_dir}{os.sep}") for value in values)


def _forget_ended() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _wait(processes: Iterable[psutil.Process], timeout_s: float) -> None:
    """Wait until none runs. One whose parent has not taken notice of its end yet counts as ended."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [process for process in left if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process has work, memory or ports left.

    One that waits for its parent to take notice of its end has none. But a process of many threads looks the
    same while the others are still on their way out after the first one, and has its ports until then.
    """
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not ended
    except psutil.NoSuchProcess:
        return False
