"""One thread that looks at all sources again and again, and keeps account of what that costs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from harness.clock import now
from harness.exceptions import FloodgateError, UsageError
from harness.measure.sampling.engine import EngineSource
from harness.measure.sampling.readings import Collected, Reading, Source
from harness.measure.sampling.series import Samples, SamplingCost

INTERVAL_S = 2.0


class Sampler:
    """Samples in its own thread between `start` and `stop`.

    A source that does not answer leaves a gap, and one that cannot tell anything here (an engine without
    our plugin) is not asked again.

    :param sources: looked at one after the other
    :param engine: that one of them that also knows the functions' totals and the engine's cost
    :param interval_s: time between two looks
    :param cores: of the machine, for the share of it that sampling takes
    """

    def __init__(
        self,
        sources: Sequence[Source],
        engine: EngineSource | None = None,
        *,
        interval_s: float = INTERVAL_S,
        cores: int | None = None,
    ) -> None:
        self.failure: Exception | None = None
        """Why sampling ended early, if it did."""
        self._sources = [*([engine] if engine else []), *sources]
        self._engine = engine
        self._interval_s = interval_s
        self._cores = cores or os.cpu_count() or 1
        self._collected = Collected()
        self._cpu_s = 0.0
        self._looks = 0
        self._began_at = self._ended_at = now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)

    def start(self) -> None:
        """Take the first look and go on in the background."""
        self._began_at = now()
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Take a last look and end the thread. Safe to call twice."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        if self.failure is None:
            self.look()

    def look(self) -> None:
        """Look at every source once."""
        began_s, at = time.thread_time(), now()
        for source in list(self._sources):
            self._look_at(source, at)
        self._looks += 1
        self._ended_at = max(self._ended_at, at)
        self._cpu_s += time.thread_time() - began_s

    def latest(self) -> list[Reading]:
        """Return what the last look found; any thread may ask."""
        return self._collected.latest(now() - 2 * self._interval_s)

    def samples(self, other_cpu_s: float = 0.0) -> Samples:
        """Return what was collected; after `stop`.

        :param other_cpu_s: what other sampling has cost (`ResourceSampler.own_cpu_s`)
        """
        engine = self._engine
        cpu_s = self._cpu_s + other_cpu_s + (engine.engine_cpu_s if engine else 0.0)
        elapsed_s = self._ended_at - self._began_at
        share = cpu_s / (elapsed_s * self._cores) if elapsed_s > 0 else 0.0
        return Samples(
            series=self._collected.series(),
            cost=SamplingCost(cpu_s=cpu_s, looks=self._looks, machine_share=share),
            functions=engine.functions() if engine else {},
        )

    def _look_at(self, source: Source, at: float) -> None:
        try:
            self._collected.add(at, source.read(at))
        except UsageError:
            self._sources.remove(source)
        except FloodgateError:
            return  # a gap in the series; whoever needs the engine tells its loss

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._interval_s):
                self.look()
        except (OSError, KeyError, TypeError, ValueError) as exc:
            self.failure = exc
