"""What a run does when it was stopped before the generator wrote anything."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from harness.exceptions import StackLostError
from harness.load import catalogue
from harness.measure.follow import Follower
from harness.measure.resources import ResourceSampler
from harness.measure.sampling.sampler import Sampler
from harness.run.engine_view import EngineView
from harness.run.folder import RunFolder
from harness.run.interrupts import Interrupts
from harness.run.offer import Offer
from harness.run.options import RunOptions
from harness.run.request import Request
from harness.run.runner import _Run

pytestmark = pytest.mark.unit


def run_in(folder: Path) -> _Run:
    scenario = catalogue.scenario("smoke")
    made = RunFolder.create(folder / "run")
    asked = Request(RunOptions("smoke"), scenario, scenario.workload, [])
    return _Run(asked, "id", made, Console(), print)


def offer(stack_lost: str | None = None) -> Offer:
    return Offer(
        cast(Follower, None), ResourceSampler(lambda: []), Sampler(()), cast(EngineView, None), stack_lost
    )


def test_ctrl_c_before_the_first_line_is_an_interrupt_that_leaves_no_folder(tmp_path):
    run, interrupts = run_in(tmp_path), Interrupts(lambda: None)
    run.has_evidence = interrupts.seen = True
    with pytest.raises(KeyboardInterrupt):
        run._require_ledger(offer(), interrupts)
    assert not run.has_evidence


def test_a_stack_that_dies_before_the_first_line_is_told(tmp_path):
    with pytest.raises(StackLostError, match="sftp died, before the first file"):
        run_in(tmp_path)._require_ledger(offer("sftp died"), Interrupts(lambda: None))


def test_a_ledger_is_always_settled(tmp_path):
    run = run_in(tmp_path)
    (tmp_path / "run" / "ledger" / "ledger-0.jsonl").touch()
    run.has_evidence = True
    run._require_ledger(offer("sftp died"), Interrupts(lambda: None))
    assert run.has_evidence
