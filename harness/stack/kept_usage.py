"""CPU and memory of a kept stack's own processes, as its keeper tells them.

A run in another container sees none of these processes (`keeper.is_from_elsewhere`), but it sees the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import psutil

from harness.engines.base import ProcessRecord, Usage
from harness.engines.process import is_running
from harness.engines.records import ProcessTable

ROLES = frozenset({"sftp", "stand-ins"})
_FILE = "usage.json"
_LENGTH = 512
"""Two roles take half of it."""


class UsageTeller:
    """Writes them into the stack's folder, whenever it is asked to. Each process counts with its children."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._cpu_s: dict[tuple[str, psutil.Process], float] = {}
        self._ended_cpu_s: defaultdict[str, float] = defaultdict(float)

    def tell(self) -> None:
        """Look at the processes, and write what they have used so far. Raises `OSError`."""
        records = [each for each in ProcessTable(self._folder).read() if each.role in ROLES]
        cpu_s: dict[tuple[str, psutil.Process], float] = {}
        rss_bytes = Counter[str]()
        for role, process in _families(records):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied), process.oneshot():
                times = process.cpu_times()
                cpu_s[role, process] = times.user + times.system
                rss_bytes[role] += process.memory_info().rss
        for role, process in self._cpu_s.keys() - cpu_s.keys():
            self._ended_cpu_s[role] += self._cpu_s[role, process]
        self._cpu_s = cpu_s
        used = {role: Usage(self._used_s(role), rss_bytes[role]) for role in sorted(rss_bytes)}
        self._write(json.dumps({role: asdict(use) for role, use in used.items()}))

    def _write(self, text: str) -> None:
        """Write over what was told before, in the file opened first: while `down` empties the folder from
        elsewhere, nothing new may appear in it. The length never changes, so readers see the whole.
        """
        if self._file is None:
            self._file = os.open(self._folder / _FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._file, text.ljust(_LENGTH).encode(), 0)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _used_s(self, role: str) -> float:
        return self._ended_cpu_s[role] + sum(used for (of, _), used in self._cpu_s.items() if of == role)


def read(folder: Path) -> Mapping[str, Usage]:
    """Return what was told last, by role; nothing where nobody tells."""
    try:
        told = json.loads((folder / _FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # not there yet, or empty so far
        return {}
    return {role: Usage(**use) for role, use in told.items()}


def _families(records: Iterable[ProcessRecord]) -> Iterator[tuple[str, psutil.Process]]:
    for record in records:
        with contextlib.suppress(psutil.NoSuchProcess):
            if is_running(record):
                process = psutil.Process(record.pid)
                for each in (process, *process.children(recursive=True)):
                    yield record.role, each
