"""Settling a run that its own harness did not settle."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from harness.exceptions import EnvironmentNotReadyError, ReportError, SettleError, StackLostError, UsageError
from harness.exit_codes import ExitCode
from harness.load.ledger_writer import LedgerWriter
from harness.measure.sampling.series import MAX_POINTS, Series
from harness.measure.settle import settle
from harness.run import resettle
from harness.run.folder import RunFolder
from harness.run.record import RunEnd, own_process, read_record
from harness.run.resettle import Settled, settle_folder
from harness.run.session import described_in
from harness.stack import lifecycle
from tests.unit.measure.builders import DESCRIPTION, Fate, World
from tests.unit.run.folders import RECORD, left_behind

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No stack is up, unless a test says otherwise."""
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path / "home"))


def up(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Let the stack of the run be up, with what `world` holds."""
    monkeypatch.setattr(lifecycle, "describe", lambda _name: DESCRIPTION)
    monkeypatch.setattr("harness.run.session.stacks_dir", lambda: world.ledger_dir.parent / "stacks")
    state = world.ledger_dir.parent / "stacks" / "test"
    state.mkdir(parents=True)
    (state / "uploads.jsonl").write_bytes(world.uploads_file.read_bytes())
    asked = partial(settle, source=world, pause=lambda _: None)
    monkeypatch.setattr(resettle, "settle", asked)
    monkeypatch.setattr("harness.run.session.StackSession.keep_handler_logs", lambda *_: None)


def settled(folder: RunFolder, **options: str) -> Settled:
    return settle_folder(folder.path, wait_s=0, progress=lambda _: None, **options)


def test_the_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    end = RunEnd(True, "the engine died", (ExitCode.NOT_READY, "no room"))
    folder, _ = left_behind(tmp_path / "run", end=end)
    assert read_record(folder) == replace(RECORD, end=end)


def test_what_was_said_of_the_trace_stays_with_the_run(tmp_path: Path) -> None:
    notices = ("trace: 3 rows were left out: row 7: no time",)
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED, notices=notices)
    assert read_record(folder).notices == notices
    assert notices[0] in settled(folder).summary["notes"]


def test_without_its_stack_nothing_is_claimed(tmp_path: Path) -> None:
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED, Fate.LOST, Fate.NOT_STARTED)

    result = settled(folder)

    files = result.summary["files"]
    assert (files["in_flight"], files["not_started"]) == (2, 1)
    assert files["delivered"] == files["lost"] == 0
    assert result.summary["verdict"] == "error"
    assert not result.summary["evidence_complete"]
    assert result.exit_code is ExitCode.STACK_LOST
    assert "the stack was gone" in result.summary["reasons"][0]


def test_with_its_stack_every_file_has_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, Fate.DELIVERED)
    up(monkeypatch, world)

    result = settled(folder)

    assert result.summary["files"]["delivered"] == result.summary["verified"] == 2
    assert result.summary["thresholds"][0]["verdict"] == "passed"
    assert (result.summary["verdict"], result.exit_code) == ("passed", ExitCode.PASSED)
    assert any("went with its harness" in note for note in result.summary["notes"])
    assert (folder.path / "report.html").exists()


def test_a_load_that_broke_off_is_an_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, Fate.CUT_OFF, ended=False)
    up(monkeypatch, world)

    result = settled(folder)

    assert result.summary["files"]["delivered"] == result.summary["files"]["aborted"] == 1
    assert (result.summary["verdict"], result.exit_code) == ("interrupted", ExitCode.INTERRUPTED)


def test_the_cause_that_the_harness_still_wrote_down_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = RunEnd(generator_failure=(ExitCode.NOT_READY, "no room"))
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, ended=False, end=end)
    up(monkeypatch, world)
    result = settled(folder)
    assert (result.exit_code, result.summary["reasons"]) == (ExitCode.NOT_READY, ["no room"])


def test_a_torn_last_line_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, ended=False)
    with (folder.ledger_dir / "ledger-0.jsonl").open("a") as ledger:
        ledger.write('{"e":"offered","id":"run-1-00000')
    up(monkeypatch, world)

    result = settled(folder)

    assert result.summary["files"]["delivered"] == result.summary["files"]["offered"] == 1
    assert "The last line was torn in: ledger-0.jsonl." in result.summary["notes"]


def test_what_was_settled_with_its_stack_stays_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, Fate.FAILED)
    with monkeypatch.context() as while_up:
        up(while_up, world)
        first = settled(folder)

    again = settled(folder)

    assert first.exit_code is again.exit_code is ExitCode.THRESHOLD
    assert again.summary == first.summary


def test_what_was_in_flight_is_looked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.IN_QUEUE)
    up(monkeypatch, world)
    assert settled(folder).summary["files"]["in_flight"] == 1
    (message,) = world.queued
    assert message.key is not None
    world.queued.clear()
    world.deliver(message.key, "d", "content of run-1-0000000", 1.0)

    assert settled(folder).summary["files"]["delivered"] == 1


def test_a_stack_that_dies_meanwhile_is_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED)
    up(monkeypatch, world)

    def dies(*_: object, **__: object) -> None:
        raise StackLostError("the engine does not answer")

    monkeypatch.setattr(resettle, "settle", dies)
    result = settled(folder)
    assert result.exit_code is ExitCode.STACK_LOST
    assert result.summary["files"]["in_flight"] == 1
    assert "the engine does not answer" in result.summary["reasons"]


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED, harness=own_process())
    with pytest.raises(UsageError, match="still going on"):
        settled(folder)


def test_a_generator_that_still_writes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resettle, "WRITERS_GRACE_S", -1.0)
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED)
    writer = LedgerWriter(folder.ledger_dir / "ledger-1.jsonl")
    with pytest.raises(EnvironmentNotReadyError, match=r"still writes .*ledger-1\.jsonl"):
        settled(folder)
    writer.close()
    assert settled(folder).summary["files"]["offered"] == 1


def test_another_stack_of_that_name_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED)
    up(monkeypatch, world)
    later = replace(DESCRIPTION, sftp=replace(DESCRIPTION.sftp, host_key_fingerprint="SHA256:y"))
    monkeypatch.setattr(lifecycle, "describe", lambda _name: later)

    assert settled(folder).exit_code is ExitCode.STACK_LOST
    with pytest.raises(UsageError, match="'other' is not the one that the run run-1 used"):
        settled(folder, stack="other")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no ledger/run\.json"):
        settle_folder(tmp_path, wait_s=0, progress=lambda _: None)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema_version": 9}'])
def test_a_damaged_record_is_told(tmp_path: Path, content: str) -> None:
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED)
    folder.record.write_text(content)
    with pytest.raises(SettleError, match=r"run\.json cannot be read"):
        settled(folder)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"engine": []}', b'{"engine": {}, "na', b"\xff\xfe"]
)
def test_a_damaged_description_of_the_stack_is_told(tmp_path: Path, content: bytes) -> None:
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED)
    folder.stack.write_bytes(content)
    with pytest.raises(SettleError, match=r"stack\.json cannot be read"):
        settled(folder)


def test_a_file_is_no_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not the folder of a run"):
        settled(RunFolder(tmp_path / "file"))
    with pytest.raises(UsageError, match="is not the folder of a run"):
        described_in(RunFolder(tmp_path / "file"))


def test_a_damaged_summary_says_what_to_do(tmp_path: Path) -> None:
    folder, _ = left_behind(tmp_path / "run", Fate.DELIVERED)
    (folder.path / "summary.json").write_text('{"schema_')
    with pytest.raises(ReportError) as told:
        settled(folder)
    assert "delete it to settle the run anew" in (told.value.hint or "")


def test_a_generator_without_room_for_its_ledger_is_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED, ended=False)
    world.line("end", offered=1, at=1.0, reason="ledger_failed")
    up(monkeypatch, world)
    result = settled(folder)
    assert result.exit_code is ExitCode.NOT_READY
    assert result.summary["reasons"] == ["the load generator could not write its ledger"]


def test_the_peak_of_what_was_sampled_outlives_the_thinning_of_a_long_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, world = left_behind(tmp_path / "run", Fate.DELIVERED)
    up(monkeypatch, world)
    settled(folder)
    looks = 2 * MAX_POINTS
    depth = Series("messages", [float(at) for at in range(looks)], [*([0.0] * (looks - 1)), 500.0])
    for name, told in (("series.json", depth.to_json()), ("summary.json", depth.summary())):
        path = folder.path / name
        path.write_text(json.dumps(json.loads(path.read_text()) | {"samples": {"queue.work.depth": told}}))

    again = settled(folder).summary["samples"]["queue.work.depth"]

    assert (again["count"], again["max"]) == (looks, 500.0)
