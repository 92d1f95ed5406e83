"""How long each tier took, against what it may take, printed above pytest's own summary.

The times are those of the tests themselves, added up: with three processes side by side (`pytest -n 3`) the
clock shows about a third of their sum. A budget is what a machine of two cores needs, and half as much again;
a tier that is over it is told, not failed, because a busy machine is no fault of the code.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

BUDGETS_S = {
    "unit": 330,
    "integration": 2700,
    "e2e": 1300,
    "browser": 220,
    "docker": 1250,
    "conformance": 60,
}
"""Seconds of tests, in the order of the table."""
WHOLE_BUDGET_S = 40 * 60
"""What the whole of `.ci/run` may take on two cores, by the clock."""
NO_DOCKER_VARIABLE = "FLOODGATE_CI_NO_DOCKER"
"""Why this machine has no Docker Engine: CI found that out, so its docker tier is left out, and told so."""
STEPS_VARIABLE = "FLOODGATE_CI_STEPS"
"""File in which CI lists what it did before the tests: a line `<seconds> <name>` for each step."""


_OUTCOMES = ("passed", "failed", "skipped", "xfailed")


def tier_of(nodeid: str) -> str:
    """Return the tier of a test: the folder below `tests/`."""
    return PurePosixPath(nodeid.partition("::")[0]).parts[1]


@dataclass(eq=False)
class TierTimes:
    """pytest plugin: adds up the tests' reports by tier, and shows the table.

    :param environ: where the variables above are read
    """

    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    started_at: float = field(default_factory=time.monotonic)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the docker tier out where CI has found that there is no Docker Engine."""
        reason = self.environ.get(NO_DOCKER_VARIABLE)
        for item in items:
            if reason and item.get_closest_marker("docker"):
                item.add_marker(pytest.mark.skip(reason=f"NO DOCKER ENGINE: {reason}"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tier = tier_of(report.nodeid)
        self.seconds[tier] += report.duration
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[tier, "xfailed" if hasattr(report, "wasxfail") else report.outcome] += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table; without CI only on request (`-v`)."""
        if not self.seconds or not (self.environ.get("CI") or terminalreporter.verbosity > 0):
            return
        terminalreporter.section("tiers")
        for line in self.table(time.monotonic() - self.started_at):
            terminalreporter.write_line(line)
        reason = self.environ.get(NO_DOCKER_VARIABLE)
        if reason:
            terminalreporter.write_line(f"THE DOCKER TIER WAS SKIPPED: {reason}", red=True, bold=True)

    def table(self, tests_s: float) -> list[str]:
        """Return the lines of the table.

        :param tests_s: how long the tests took by the clock
        """
        steps = self._steps()
        rows: list[tuple[str, ...]] = [("tier", *_OUTCOMES, "tests' time", "budget", "")]
        rows += [self._row(tier) for tier in BUDGETS_S if tier in self.seconds]
        lines = ["{:<12} {:>7} {:>7} {:>8} {:>8} {:>12} {:>8}  {}".format(*row).rstrip() for row in rows]
        lines += [f"{name}: {seconds:.0f} s" for name, seconds in steps]
        whole = sum(seconds for _, seconds in steps) + tests_s
        over = "  OVER BUDGET" if whole > WHOLE_BUDGET_S else ""
        lines.append(
            f"all tests by the clock: {tests_s:.0f} s; with what came before: {whole:.0f} s "
            f"of {WHOLE_BUDGET_S} s{over}"
        )
        return lines

    def _row(self, tier: str) -> tuple[str, ...]:
        took, budget = self.seconds[tier], BUDGETS_S[tier]
        counts = (str(self.outcomes[tier, outcome]) for outcome in _OUTCOMES)
        return (tier, *counts, f"{took:.0f} s", f"{budget} s", "OVER BUDGET" if took > budget else "")

    def _steps(self) -> list[tuple[str, float]]:
        file = self.environ.get(STEPS_VARIABLE)
        if not file or not Path(file).exists():
            return []
        lines = (line.split(maxsplit=1) for line in Path(file).read_text().splitlines())
        return [(name, float(seconds)) for seconds, name in lines]
