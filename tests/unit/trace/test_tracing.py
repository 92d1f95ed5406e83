"""One file's story from the folder of its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.clock import to_iso
from harness.exceptions import UsageError
from harness.measure.handler_logs import FILE_NAME
from harness.report.parquet import PARQUET_NAME, write_files
from harness.trace.finding import find
from harness.trace.render import data_of, text_of
from harness.trace.stack import StackTeller
from harness.trace.story import FileRef, Moment, Story
from harness.trace.tracing import trace
from tests.unit.measure.builders import DESCRIPTION, T0, Fate, World, file_id_of

pytestmark = pytest.mark.unit

FIRST, SECOND = "run-1-0000000", "run-1-0000001"
KEY = f"customer-0/incoming/{FIRST}.csv"
FILE_ID = file_id_of(KEY, f"v-{FIRST}")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """The folder of a settled run: the first file was delivered, the second one failed."""
    world = World(tmp_path)
    world.uploads_file = tmp_path / "ledger" / "uploads.jsonl"
    world.add(Fate.DELIVERED)
    world.add(Fate.FAILED)
    world.end()
    write_files(tmp_path / PARQUET_NAME, world.settle().records)
    return tmp_path


def told(story: Story) -> list[str]:
    return [f"{moment.source}: {moment.text}" for moment in story.in_order()]


def write_lines(path: Path, *lines: object) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("name", [FIRST, "0000000", KEY, f"{FIRST}.csv", FILE_ID, f"v-{FIRST}"])
def test_a_file_is_found_by_each_of_its_names(run_dir: Path, name: str) -> None:
    (found,) = find(run_dir, name)
    assert (found.ledger_id, found.file_id, found.version_id) == (FIRST, FILE_ID, f"v-{FIRST}")


@pytest.mark.parametrize("name", [FIRST, KEY, f"{FIRST}.csv"])
def test_before_settling_a_file_is_found_in_the_ledger(run_dir: Path, name: str) -> None:
    (run_dir / PARQUET_NAME).unlink()
    (story,) = trace(run_dir, name, None)
    assert story.file.ledger_id == FIRST
    assert "Outcome   not settled yet" in list(text_of(story))


def test_a_name_of_no_file_is_refused(run_dir: Path) -> None:
    with pytest.raises(UsageError, match="'nobody' is no file of the run"):
        find(run_dir, "nobody")


def test_a_name_of_many_files_is_refused_with_some_of_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    for _ in range(6):
        world.add(Fate.DELIVERED)
    with pytest.raises(UsageError, match=r"'\.csv' names 6 files") as refused:
        find(tmp_path, ".csv")
    assert FIRST in (refused.value.hint or "")


def test_ledger_server_and_row_are_told_in_the_order_of_time(run_dir: Path) -> None:
    (story,) = trace(run_dir, FIRST, None)
    assert [line.partition(":")[0] for line in told(story)] == [
        "ledger",
        "ledger",
        "sftp",
        "ledger",
        "row",
        "row",
        "row",
        "row",
    ]
    assert "upload closed" in told(story)[2]
    data = data_of(story)
    assert data["stages_ms"]["end_to_end"] == pytest.approx(800)
    assert data["outcome"] == "delivered"
    assert any("stack is gone" in gap for gap in data["not_known"])


def test_a_failure_is_told_with_its_cause(run_dir: Path) -> None:
    (story,) = trace(run_dir, SECOND, None)
    assert "Outcome   failed, cause AccessDenied" in list(text_of(story))


def test_lines_of_its_session_are_told_and_those_of_others_are_not(run_dir: Path) -> None:
    uploads = run_dir / "ledger" / "uploads.jsonl"
    first, *others = [json.loads(line) for line in uploads.read_text().splitlines()]
    write_lines(uploads, {**first, "session_id": "s1"}, *others)
    write_lines(
        run_dir / "sftp.log",
        {"at": to_iso(T0), "activity-type": "CONNECTED", "session-id": "s1", "user": "u"},
        {"at": to_iso(T0), "activity-type": "CONNECTED", "session-id": "s2", "user": "other"},
        {"at": to_iso(T0 + 0.1), "activity-type": "OPEN", "session-id": "s1", "path": f"/b/{KEY}"},
        {"at": to_iso(T0 + 0.1), "activity-type": "OPEN", "session-id": "s1", "path": "/b/another"},
    )
    (story,) = trace(run_dir, FIRST, None)
    assert [line for line in told(story) if line.startswith("sftp log")] == [
        "sftp log: CONNECTED: user u",
        "sftp log: OPEN",
    ]


def test_log_lines_come_with_what_lambda_says_of_the_request(run_dir: Path) -> None:
    def line(message: str, at: float = T0 + 0.5) -> dict[str, object]:
        return {"at": at, "group": "/aws/lambda/worker", "stream": "s", "message": message}

    about = {"level": "ERROR", "message": "no", "function_request_id": "r1", "key": KEY, "service": "s"}
    write_lines(
        run_dir / FILE_NAME,
        line("START RequestId: r1 Version: 1", T0 + 0.4),
        line("START RequestId: r2 Version: 1"),
        line(json.dumps(about)),
        line(json.dumps({**about, "key": "another"})),
        line("REPORT RequestId: r1 Duration: 5 ms", T0 + 0.6),
    )
    (story,) = trace(run_dir, FIRST, None)
    assert [line for line in told(story) if line.startswith("log")] == [
        "log worker: START RequestId: r1 Version: 1",
        f"log worker: ERROR no: function_request_id r1, key {KEY}",
        "log worker: REPORT RequestId: r1 Duration: 5 ms",
    ]
    assert not any("handlers" in gap for gap in story.gaps)


def test_logs_that_were_cut_off_are_named_as_a_gap(run_dir: Path) -> None:
    line = {"at": T0, "group": "g", "stream": "s", "message": "of another file"}
    write_lines(run_dir / FILE_NAME, line, {"cut_off": True})
    (story,) = trace(run_dir, FIRST, None)
    assert "The run's folder holds only a part of what the handlers logged." in story.gaps


def test_engine_log_lines_about_the_file_are_told(run_dir: Path) -> None:
    noise = f"2027-01-15T08:00:00.100  INFO --- [x] events : matches_rule {KEY}"
    (run_dir / "engine.log").write_text(
        f"{noise}\n2027-01-15T08:00:00.200  WARN --- [x] faults : {KEY}\nTraceback of {KEY}\n"
    )
    (story,) = trace(run_dir, FIRST, None)
    assert [line for line in told(story) if line.startswith("engine")] == [
        f"engine log: WARN --- [x] faults : {KEY}"
    ]


def test_the_name_before_a_rename_is_followed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.uploads_file = tmp_path / "ledger" / "uploads.jsonl"
    ledger_id, key = world.offer(temp_key="customer-0/incoming/x.part")
    world.start(ledger_id, T0 + 1)
    world.close("customer-0/incoming/x.part", "v1", T0 + 2)
    world.close(key, "v2", T0 + 3)
    (story,) = trace(tmp_path, ledger_id, None)
    assert [moment.at for moment in story.in_order() if moment.source == "sftp"] == [T0 + 2, T0 + 3]


def test_control_characters_reach_no_terminal(run_dir: Path) -> None:
    (story,) = trace(run_dir, FIRST, None)
    story.moments.append(Moment(T0, "row", "\x1b[31mred\nline"))
    assert not any("\x1b" in line or "\n" in line for line in text_of(story))


def test_a_clock_that_was_corrected_is_told(run_dir: Path) -> None:
    header = {"e": "header", "worker": "2", "clock_ahead_s": -0.0123, "clock_error_s": 0.002}
    write_lines(run_dir / "ledger" / "ledger-2.jsonl", header)
    (story,) = trace(run_dir, FIRST, None)
    assert story.facts == [("clock", "the ledger of worker 2 is corrected by -12.3 ms (± 2.0 ms)")]


def test_a_state_machine_s_log_is_told_by_its_events(run_dir: Path) -> None:
    event = {
        "id": "12",
        "type": "TaskFailed",
        "execution_arn": f"arn:aws:states:r:0:execution:child:{FILE_ID}-1",
        "details": {"error": "PermanentError", "cause": "no", "input": "{}"},
    }
    line = {"at": T0 + 1, "group": "/aws/vendedlogs/states/x", "stream": "s", "message": json.dumps(event)}
    write_lines(run_dir / FILE_NAME, line)
    (story,) = trace(run_dir, FIRST, None)
    assert f"log x: TaskFailed: error PermanentError, cause no, execution {FILE_ID}-1" in told(story)


def test_a_long_line_is_cut_at_its_end(run_dir: Path) -> None:
    (story,) = trace(run_dir, FIRST, None)
    story.moments.append(Moment(T0, "row", "what is wrong: " + "x" * 1000))
    (line,) = (line for line in text_of(story) if "what is wrong" in line)
    assert line.endswith("x…")
    assert len(line) < 300


def test_without_its_ledger_a_file_is_counted_from_the_report_s_intended_time(run_dir: Path) -> None:
    (run_dir / "ledger" / "ledger-0.jsonl").unlink()
    (story,) = trace(run_dir, FIRST, None)
    assert story.began_at == T0
    assert any(f"(0 is {to_iso(T0)})" in line for line in text_of(story))
    assert any("The ledger has no line about it" in gap for gap in story.gaps)


def test_what_nobody_intended_is_counted_from_its_first_moment() -> None:
    moments = [Moment(T0 + 2, "sftp log", "b"), Moment(T0 + 1, "sftp", "a")]
    assert Story(FileRef(FIRST, KEY), moments).began_at == T0 + 1


def test_a_stack_is_asked_about_a_file_without_a_line_in_the_ledger(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(StackTeller, "tell", lambda self, _story, **_: asked.append(self._since))
    (run_dir / "ledger" / "ledger-0.jsonl").unlink()
    trace(run_dir, FIRST, DESCRIPTION)
    assert asked == [T0 - 1]
