"""Where CPU and memory went: one thread that looks at the stack's processes once a second.

Processes are grouped by role. A child belongs to its parent's role, except that children which run the
pipeline's handlers are `functions`. CPU counts from the first look on (a process that appears later counts
whole); what a process used between the last look and its end is not seen. Memory is the sum of resident
sizes, so pages that processes share count once for each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType

import psutil

from harness.clock import now
from harness.engines.base import ProcessRecord, ReadUsage
from harness.engines.process import is_running, start_of
from harness.measure.engine_usage import EngineUsage
from harness.measure.process_tree import READ_EVERY_S, ProcessTree

FUNCTIONS = "functions"
_FUNCTION_MARKS = ("awslambdaric", "pipeline.worker")
"""Lambda environments, and ECS tasks that the harness stands in for."""
_SETTLED_AFTER_S = 5.0
"""A forked process shows its parent's command line until it has started its own program."""
_MIB = 1024 * 1024
_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")

ProcessKey = tuple[int, float]
"""Process id and start: an id alone may be used again."""


MAX_SAMPLES = 7200
"""Of one role: two hours of looks a second apart."""


@dataclass(frozen=True, slots=True)
class ResourceSample:
    """One reading: CPU in per cent of one core since the reading before, and resident memory.

    In a long run it stands for several looks: their mean CPU and highest memory, at the last one's time.
    """

    at: float
    cpu_percent: float
    rss_mib: float


@dataclass(slots=True)
class ResourceUse:
    """What one role used. `cpu_s` is user and system time together."""

    cpu_s: float = 0.0
    rss_max_mib: float = 0.0
    samples: list[ResourceSample] = field(default_factory=list)
    _looks_per_sample: int = field(default=1, repr=False)
    _looks_in_last: int = field(default=1, repr=False)

    def add(self, look: ResourceSample) -> None:
        """Add a look; where there are too many samples, each stands for twice as many looks from then on."""
        if self.samples and self._looks_in_last < self._looks_per_sample:
            self.samples[-1] = _combined(self.samples[-1], self._looks_in_last, look, 1)
            self._looks_in_last += 1
            return
        if len(self.samples) >= MAX_SAMPLES:
            pairs = zip(self.samples[::2], self.samples[1::2], strict=True)
            self.samples = [_combined(one, 1, other, 1) for one, other in pairs]
            self._looks_per_sample *= 2
        self.samples.append(look)
        self._looks_in_last = 1


def _combined(one: ResourceSample, weight: int, later: ResourceSample, later_weight: int) -> ResourceSample:
    cpu = one.cpu_percent * weight + later.cpu_percent * later_weight
    return ResourceSample(later.at, cpu / (weight + later_weight), max(one.rss_mib, later.rss_mib))


@dataclass(slots=True)
class _Reading:
    role: str
    cpu_s: float
    rss_bytes: int


class ResourceSampler:
    """Samples in its own thread between `start` and `stop`; also a context manager.

    :param roles: the processes to look at, asked for anew each time, because parts of a stack come and go
    :param required: roles whose processes must not end while sampling
    :param on_death: told once, from the sampling thread, of each required process that has ended
    :param interval_s: time between two looks
    :param tree_every_s: how late a child may be noticed
    :param usage: tells what roles without processes here have used, see `registry.usage`
    """

    def __init__(
        self,
        roles: Callable[[], Iterable[ProcessRecord]],
        *,
        required: frozenset[str] = frozenset(),
        on_death: Callable[[ProcessRecord], None] | None = None,
        interval_s: float = 1.0,
        tree_every_s: float = READ_EVERY_S,
        usage: ReadUsage | None = None,
    ) -> None:
        self.use: dict[str, ResourceUse] = {}
        """By role; read it after `stop`."""
        self.own_cpu_s = 0.0
        """What sampling itself has cost."""
        self.others: tuple[float, float] | None = None
        """Time of the last look, and CPU seconds that the machine has spent on other processes until then."""
        self.failure: Exception | None = None
        """Why sampling ended early, if it did."""
        self._busy_s = 0.0
        self._roles = roles
        self._required = required
        self._on_death = on_death
        self._interval_s = interval_s
        self._tree = ProcessTree(every_s=tree_every_s)
        self._usage = EngineUsage(usage)
        self._processes: dict[ProcessKey, psutil.Process] = {}
        self._functions: dict[ProcessKey, bool] = {}
        self._seen_cpu_s: dict[ProcessKey, float] = {}
        self._reported: set[ProcessKey] = set()
        self._last_look_at: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resources", daemon=True)

    def __enter__(self) -> ResourceSampler:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take the first look, from which CPU counts, and go on in the background."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Take a last look and end the thread. Safe to call twice."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            if self.failure is None:
                self.look()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._interval_s):
                self.look()
        except (psutil.Error, OSError) as exc:
            self.failure = exc

    def look(self) -> None:
        """Read every process once."""
        began_cpu_s, at = time.thread_time(), now()
        records = list(self._roles())
        readings = {**self._read_all(records), **self._told()}
        self._add(readings, at)
        self._last_look_at = at
        self._forget_ended(readings)
        self.own_cpu_s += time.thread_time() - began_cpu_s

    def _read_all(self, records: Iterable[ProcessRecord]) -> dict[ProcessKey, _Reading]:
        readings: dict[ProcessKey, _Reading] = {}
        # The youngest first: a process that has its own record and descends from another one (the load from
        # the run) keeps its role and its children, and the older process gets the rest.
        for record in sorted(records, key=lambda record: -record.started_at):
            process = self._open(record)
            if process is None:
                self._report_death(record)
                continue
            self._read(process, record.role, readings)
            for child in self._tree.descendants(record.pid):
                role = FUNCTIONS if self._is_function(child) else record.role
                self._read(child, role, readings)
        return readings

    def _told(self) -> dict[ProcessKey, _Reading]:
        """Return what the engine tells of itself, under keys that no process has."""
        told = self._usage.latest().items()
        return {
            (-number, 0.0): _Reading(role, use.cpu_s, use.rss_bytes)
            for number, (role, use) in enumerate(told, start=1)
        }

    def _open(self, record: ProcessRecord) -> psutil.Process | None:
        key = (record.pid, record.started_at)
        try:
            process = self._processes.get(key) or psutil.Process(record.pid)
            if not is_running(record) or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        self._processes[key] = process
        return process

    def _report_death(self, record: ProcessRecord) -> None:
        key = (record.pid, record.started_at)
        if record.role in self._required and key not in self._reported and not self._ended.is_set():
            self._reported.add(key)
            if self._on_death:
                self._on_death(record)

    def _is_function(self, process: psutil.Process) -> bool:
        try:
            key = (process.pid, start_of(process.pid))
            if key not in self._functions or now() - process.create_time() < _SETTLED_AFTER_S:
                self._functions[key] = _runs_handlers(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False
        return self._functions[key]

    def _read(self, process: psutil.Process, role: str, readings: dict[ProcessKey, _Reading]) -> None:
        """Add one process, unless it has vanished or another role has counted it already."""
        try:
            with process.oneshot():
                key = (process.pid, start_of(process.pid))
                times = process.cpu_times()
                reading = _Reading(role, times.user + times.system, process.memory_info().rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return
        readings.setdefault(key, reading)

    def _add(self, readings: dict[ProcessKey, _Reading], at: float) -> None:
        cpu_s: dict[str, float] = dict.fromkeys(self.use, 0.0)
        rss_bytes: dict[str, int] = dict.fromkeys(self.use, 0)
        for key, reading in readings.items():
            baseline = reading.cpu_s if self._last_look_at is None else 0.0
            used = reading.cpu_s - self._seen_cpu_s.get(key, baseline)
            self._seen_cpu_s[key] = reading.cpu_s
            cpu_s[reading.role] = cpu_s.get(reading.role, 0.0) + used
            rss_bytes[reading.role] = rss_bytes.get(reading.role, 0) + reading.rss_bytes
        self._add_others(sum(cpu_s.values()), at)
        for role, used in cpu_s.items():
            self._add_sample(self.use.setdefault(role, ResourceUse()), at, used, rss_bytes[role] / _MIB)

    def _add_sample(self, use: ResourceUse, at: float, cpu_s: float, rss_mib: float) -> None:
        elapsed_s = at - self._last_look_at if self._last_look_at is not None else 0.0
        percent = 100 * cpu_s / elapsed_s if elapsed_s > 0 else 0.0
        use.cpu_s += cpu_s
        use.rss_max_mib = max(use.rss_max_mib, rss_mib)
        use.add(ResourceSample(at, round(percent, 1), round(rss_mib, 1)))

    def _add_others(self, own_cpu_s: float, at: float) -> None:
        """Count the rest of the machine's busy time, short-lived processes of ours included."""
        busy_s, before_s = _machine_busy_s(), self._busy_s
        self._busy_s = busy_s
        total_s = self.others[1] + busy_s - before_s - own_cpu_s if self.others else 0.0
        self.others = (at, total_s)

    def _forget_ended(self, readings: dict[ProcessKey, _Reading]) -> None:
        for known in (self._seen_cpu_s, self._functions):
            for key in known.keys() - readings.keys():
                del known[key]


def _runs_handlers(command: Iterable[str]) -> bool:
    return any(mark in word for word in command for mark in _FUNCTION_MARKS)


def _machine_busy_s() -> float:
    """Return the CPU seconds that all cores together have been busy, or were kept from us by a hypervisor."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in _BUSY))
