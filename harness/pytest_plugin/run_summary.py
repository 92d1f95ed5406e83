"""What a run found, and what can be asserted of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.exit_codes import ExitCode

_BROKEN = ("lost", "duplicated", "corrupted")


@dataclass(frozen=True)
class Summary:
    """`summary.json` of one run; `data` is all of it."""

    data: Mapping[str, Any]
    exit_code: ExitCode
    folder: Path
    """The run folder, with `report.html`."""

    @property
    def verdict(self) -> str:
        return str(self.data["verdict"])

    @property
    def files(self) -> Mapping[str, int]:
        """Counts by outcome, such as `files["delivered"]`."""
        counts: Mapping[str, int] = self.data["files"]
        return counts

    def latency_ms(self, stage: str, statistic: str = "p99") -> float | None:
        """Return one figure of a stage, e.g. `latency_ms("end_to_end", "p50")`; `None` without samples.

        :raises KeyError: there is no such stage or statistic
        """
        value: float | None = (self.data["latency_ms"][stage] or {statistic: None})[statistic]
        return value

    def assert_passed(self) -> None:
        """Fail with every reason unless the verdict is `passed`."""
        self._require(self.verdict == "passed", self.data.get("reasons") or [])

    def assert_nothing_lost(self) -> None:
        """Fail unless every uploaded file is accounted for, once, with the bytes that were sent.

        The verdict does not matter: a run may be too slow, or expect failures, and lose nothing. A run that
        uploaded nothing, or whose stack was gone before it could be asked, proves nothing and fails.
        """
        self._require(not (broken := list(self._not_accounted_for())), broken)

    def assert_threshold(self, name: str) -> None:
        """Fail unless a threshold of the run, written as in the scenario, was held."""
        found = {result["name"]: result for result in self.data["thresholds"]}
        if name not in found:
            raise AssertionError(f"the run had no threshold {name!r}; it had {', '.join(found) or 'none'}")
        result = found[name]
        self._require(result["verdict"] == "passed", [f"{name}: {result['verdict']} ({result['value']})"])

    def _not_accounted_for(self) -> Iterator[str]:
        for name in _BROKEN:
            if self.files[name]:
                yield f"{self.files[name]} files {name}"
        if self.files["in_flight"]:
            yield f"{self.files['in_flight']} files still under way"
        if not self.files["uploaded"]:
            yield "nothing was uploaded, so nothing could be lost"
        if not self.data.get("evidence_complete", True):
            yield "the stack was gone before it could be asked what became of the files"
        yield from self.data.get("conservation_problems", [])

    def _require(self, held: bool, reasons: Sequence[str]) -> None:
        """Not an `assert`, which `python -O` leaves out."""
        if not held:
            raise AssertionError(self._told(reasons))

    def _told(self, reasons: Sequence[str]) -> str:
        failures = [
            f"  {failure['count']} x {failure['cause']} in {failure['stage']}"
            for failure in self.data["failures"]
        ]
        report = f"report: {self.folder / 'report.html'}"
        return "\n".join(
            [f"the run is {self.verdict}", *(f"  {text}" for text in reasons), *failures, report]
        )
