"""A load run as a test: `floodgate run` on the stack of the test run."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from rich.console import Console

from harness.exceptions import EnvironmentNotReadyError
from harness.exit_codes import ExitCode
from harness.pytest_plugin.place import alone
from harness.pytest_plugin.run_summary import Summary
from harness.pytest_plugin.stack import Stack

_LABEL_BYTES = 120
"""File systems take 255 bytes for a name; some tools on other systems count the whole path."""
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

    def __call__(self, name: str, **options: Any) -> Summary:
        """Offer the files of a scenario, follow each to its end, and return what was found.

        :param name: as in `floodgate scenarios`, or the path of a scenario file
        :param options: as `floodgate run` has them: `files`, `minutes`, `rate`, `seed`, `settle_s`, …
        :raises UsageError: the scenario or an option is wrong
        :raises FloodgateError: the run could not be made
        """
        from harness.run.options import RunOptions
        from harness.run.runner import run_scenario

        with self._alone():
            self._require_stack()
            chosen = {"out": self._new_folder(str(name)), **options}
            run_options = RunOptions(scenario=str(name), name=self.stack.name, **chosen)
            outcome = run_scenario(run_options, Console(quiet=True), _log.info)
        if outcome.exit_code is ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return Summary(outcome.summary, outcome.exit_code, outcome.folder)

    def _new_folder(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        numbered = (self.folder / f"{Path(name).stem}-{number}" for number in count(1))
        return next(path for path in numbered if not path.exists())

    def _require_stack(self) -> None:
        """A run that does not find its stack would start another one, which is not what is tested."""
        from harness.stack import lifecycle

        if lifecycle.describe(self.stack.name) is None:
            raise EnvironmentNotReadyError(
                f"the stack {self.stack.name!r} of the tests is not up any more",
                hint="does a test change XDG_STATE_HOME or HOME, or stop the stack?",
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two loads at once would each measure the other, also those of two test runs on one stack."""
        with alone(self.stack.name, on_wait=lambda: _log.info("waiting: another scenario runs")):
            yield


def label_of(request: pytest.FixtureRequest) -> str:
    """Return a folder name for the test that asks; tests with names that are much alike may share one."""
    return folder_label(request.node.nodeid)


def folder_label(node_id: str) -> str:
    """Return what a file system takes of a test's id, which parameters make as long as they like."""
    kept = "".join(character if character.isalnum() or character in "._-" else "-" for character in node_id)
    if len(kept.encode()) <= _LABEL_BYTES:
        return kept
    mark = hashlib.sha256(node_id.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{kept.encode()[: _LABEL_BYTES - 9].decode(errors='ignore')}-{mark}"
