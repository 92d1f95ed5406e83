"""A load run as a test: `floodgate run` on the stack of the test run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from rich.console import Console

from harness.exit_codes import ExitCode
from harness.locks import exclusive
from harness.pytest_plugin.run_summary import Summary
from harness.pytest_plugin.stack import Stack

_log = logging.getLogger("floodgate")


class RunScenario(Protocol):
    """The fixture `run_scenario`."""

    def __call__(self, name: str, **options: Any) -> Summary: ...


@dataclass(frozen=True)
class ScenarioRunner:
    """Runs scenarios on one stack, one at a time however many processes of the test run want to.

    :param folder: gets a run folder for each run
    """

    stack: Stack
    folder: Path
    lock_file: Path

    def __call__(self, name: str, **options: Any) -> Summary:
        """Offer the files of a scenario, follow each to its end, and return what was found.

        :param name: as in `floodgate scenarios`, or the path of a scenario file
        :param options: as `floodgate run` has them: `files`, `minutes`, `rate`, `seed`, `settle_s`, …
        :raises UsageError: the scenario or an option is wrong
        :raises FloodgateError: the run could not be made
        """
        from harness.run.options import RunOptions
        from harness.run.runner import run_scenario

        chosen = {"out": self._new_folder(name), **options}
        run_options = RunOptions(scenario=str(name), name=self.stack.name, **chosen)
        with self._alone():
            outcome = run_scenario(run_options, Console(quiet=True), _log.info)
        if outcome.exit_code is ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return Summary(outcome.summary, outcome.exit_code, outcome.folder)

    def _new_folder(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        label = Path(name).stem
        taken = sum(path.name.startswith(f"{label}-") for path in self.folder.iterdir())
        return self.folder / f"{label}-{taken + 1}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two loads at once would each measure the other."""
        with exclusive(self.lock_file, on_wait=lambda: _log.info("waiting: another scenario runs")):
            yield


def label_of(request: pytest.FixtureRequest) -> str:
    """Return a folder name for the test that asks: unique in its run, also between processes."""
    kept = (
        character if character.isalnum() or character in "._-" else "-" for character in request.node.nodeid
    )
    return "".join(kept)
