"""A whole run: exit code, report, nothing left."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from tests.e2e.floodgate import Floodgate, eventually, ledger_lines

pytestmark = pytest.mark.e2e

INVITATION = re.compile(r"FLOODGATE_WORKER_TOKEN=(\S+) .* --master-host (\S+) --master-port (\d+)")
REPORT = {"summary.json", "report.html", "summary.md", "junit.xml", "files.parquet", "engine.log", "sftp.log"}
SAMPLED = (
    "lambda.worker.invocations > 0",
    "lambda.all.errors == 0",
    "queue.work.depth.last == 0",
    "sftp.logins.max > 0",
    "resources.engine.cpu_mean > 0",
    "failures.share == 0",
)
"""Conditions that only hold when these figures were really taken."""


def test_a_passed_run_accounts_for_every_file_and_leaves_only_its_report(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"

    more = [argument for text in SAMPLED for argument in ("--threshold", text)]
    result = floodgate.run("run", "smoke", "--out", str(run_dir), *more)

    assert result.code == 0, result
    summary = json.loads((run_dir / "summary.json").read_text())
    files = summary["files"]
    assert summary["verdict"] == "passed"
    assert files["offered"] == files["delivered"] == summary["verified"] == 20
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    assert summary["latency_ms"]["end_to_end"]["count"] == 20
    assert [each["verdict"] for each in summary["thresholds"]] == ["passed"] * (1 + len(SAMPLED))
    assert summary["sampling"]["looks"] >= 2
    assert {path.name for path in run_dir.iterdir()} >= REPORT
    rows = pq.read_table(run_dir / "files.parquet").to_pylist()
    assert Counter(row["outcome"] for row in rows) == {"delivered": 20}
    assert all(row["intended_at"] <= row["started_at"] <= row["closed_at"] for row in rows)
    # The handler may begin before the client has read that its upload is closed.
    assert all(row["started_at"] <= row["handler_started_at"] <= row["handler_ended_at"] for row in rows)
    assert "no file was lost" in result.out.lower()
    assert floodgate.leftovers() == []


def test_the_same_seed_offers_the_same_files(kept: Floodgate, tmp_path):
    tables = []
    for attempt in ("first", "second"):
        out = tmp_path / attempt
        result = kept.run("run", "smoke", "--seed", "7", "--name", "kept", "--out", str(out))
        assert result.code == 0, result.err
        table = pq.read_table(out / "files.parquet").to_pylist()
        tables.append([(row["customer_id"], row["size_bytes"], row["sha256"]) for row in table])
    assert tables[0] == tables[1]
    assert len({sha256 for _, _, sha256 in tables[0]}) > 1


def test_workers_offer_together_what_one_process_offers_alone(kept: Floodgate, tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert kept.run("run", "smoke", "--seed", "7", "--name", "kept", "--out", str(alone)).code == 0
    master = kept.start(
        *("run", "smoke", "--seed", "7", "--name", "kept", "--out", str(together)),
        *("--master", "--expect-workers", "2", "--master-bind-port", "0"),
        *("--expect-workers-max-wait", "60"),
    )
    invitation = eventually(lambda: INVITATION.search(master.err), "the master's invitation")
    assert invitation is not None
    token, host, port = invitation.groups()
    place = ("--master-host", host, "--master-port", port)
    workers = [kept.start("run", "--worker", *place, FLOODGATE_WORKER_TOKEN=token) for _ in range(2)]
    assert [command.finish().code for command in (master, *workers)] == [0, 0, 0], master.err
    assert offered_files(alone) == offered_files(together)
    generator = json.loads((together / "summary.json").read_text())["generator"]
    assert [(each["worker"], each["offered"], each["ended"]) for each in generator["workers"]] == [
        ("1", 10, "complete"),
        ("2", 10, "complete"),
    ]
    assert generator["was_limit"] is False
    assert token not in "".join(path.read_text() for path in (together / "ledger").iterdir())


def offered_files(run_dir: Path) -> list[tuple[str, int, str]]:
    """Return who sent what, in the order of the schedule."""
    rows = sorted(pq.read_table(run_dir / "files.parquet").to_pylist(), key=lambda row: row["ledger_id"])
    return [(row["customer_id"], row["size_bytes"], row["sha256"]) for row in rows]


MIXED = """\
description: all kinds of clients, and files that nobody can copy
rate_per_s: 8
files: 40
customers: 3
faults: ["s3.CopyObject[*/*.poison.csv]:AccessDenied"]
behaviours:
  - {kind: temp_rename, share: 0.2}
  - {kind: aborted, share: 0.15}
  - {kind: poison, share: 0.15, ways: [marked_name]}
  - {kind: duplicate, share: 0.2, content: other, after_s: 1.0}
thresholds: [files.unexpected == 0, "files.failed > 0", "files.aborted > 0"]
"""


def test_what_ends_badly_as_it_should_is_no_failure_and_poison_that_is_delivered_is(
    kept: Floodgate, tmp_path: Path
):
    workload, out = tmp_path / "mixed.yaml", tmp_path / "run"
    workload.write_text(MIXED)
    result = kept.run("run", str(workload), "--name", "kept", "--out", str(out))
    assert result.code == 0, result
    kinds = {kind["kind"]: kind for kind in json.loads((out / "summary.json").read_text())["kinds"]}
    assert set(kinds) == {"plain", "temp_rename", "aborted", "poison", "duplicate"}
    assert set(kinds["poison"]["outcomes"]) == {"failed"}
    assert set(kinds["aborted"]["outcomes"]) == {"aborted"}
    assert set(kinds["temp_rename"]["outcomes"]) == {"delivered"}

    harmless = "faults=['s3.CopyObject[*/*.poison.csv]:AccessDenied@0.000001%']"
    again = ("--files", "12", "--set", harmless, "--out", f"{out}-2")
    result = kept.run("run", str(workload), "--name", "kept", *again)
    assert result.code == 4, result
    assert "poison files ended as delivered, but failed was expected" in " ".join(result.out.split())


def test_ctrl_c_ends_with_a_report_of_what_happened(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 10, "ten uploads", timeout_s=180)

    command.interrupt()
    result = command.finish()

    assert result.code == 130, result
    summary = json.loads((run_dir / "summary.json").read_text())
    files = summary["files"]
    assert summary["verdict"] == "interrupted"
    assert files["uploaded"] >= 10
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    assert files["offered"] == ledger_lines(run_dir, "offered")
    assert (run_dir / "report.html").stat().st_size > 10_000
    assert floodgate.leftovers() == []


def test_a_second_ctrl_c_stops_at_once_and_still_leaves_nothing(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 3, "uploads", timeout_s=180)

    command.interrupt()
    eventually(lambda: "stopping early" in command.err, "the answer to the first one")
    command.interrupt()
    result = command.finish()

    assert result.code == 130, result
    assert floodgate.leftovers() == []
    if (run_dir / "summary.json").exists():
        return  # it was quicker than the second one
    assert f"floodgate settle {run_dir}" in result.err
    settled = floodgate.run("settle", str(run_dir))
    files = json.loads((run_dir / "summary.json").read_text())["files"]
    assert settled.code == 130, settled
    # Nobody can be asked any more: nothing is claimed.
    assert files["in_flight"] == files["uploaded"] >= 3
    assert files["offered"] == ledger_lines(run_dir, "offered")


def test_ctrl_c_while_the_stack_comes_up_leaves_nothing(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "smoke", "--out", str(run_dir))
    eventually(lambda: list(floodgate.stacks.glob("*/processes/engine.json")), "the engine's process")

    command.interrupt()
    result = command.finish()

    assert result.code == 130, result
    assert not run_dir.exists()
    assert floodgate.leftovers() == []


def test_a_killed_run_is_settled_by_the_watcher_and_cleared_away(floodgate: Floodgate, tmp_path):
    """Nothing can be done in a process that is killed with -9; the watcher of its stack does it."""
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 3, "uploads", timeout_s=180)

    command.process.kill()
    command.process.wait()

    eventually(lambda: floodgate.leftovers() == [], "the end of the killed run's processes", timeout_s=120)
    summary = json.loads((run_dir / "summary.json").read_text())
    files = summary["files"]
    assert summary["verdict"] == "interrupted"
    assert files["delivered"] == files["uploaded"] == summary["verified"] >= 3
    assert files["lost"] == files["duplicated"] == files["corrupted"] == 0
    assert files["offered"] == ledger_lines(run_dir, "offered")
    _trace_without_a_stack(floodgate, run_dir)


def _trace_without_a_stack(floodgate: Floodgate, run_dir: Path) -> None:
    """The folder alone tells what happened to a file."""
    row = next(
        row for row in pq.read_table(run_dir / "files.parquet").to_pylist() if row["outcome"] == "delivered"
    )
    told = floodgate.run("trace", row["file_id"], str(run_dir), "--json")
    assert told.code == 0, told
    (story,) = json.loads(told.out)
    assert story["key"] == row["key"]
    sources = {moment["source"] for moment in story["moments"]}
    assert sources >= {"ledger", "sftp", "sftp log", "row"}
    assert any(source.startswith("log ") and source.endswith("-worker") for source in sources)


def test_an_engine_that_dies_ends_the_run_with_a_report_and_code_6(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 5, "uploads", timeout_s=180)

    record = json.loads(next(floodgate.stacks.glob("*/processes/engine.json")).read_text())
    next(found for found in floodgate.processes() if found.pid == record["pid"]).kill()
    result = command.finish()

    assert result.code == 6, result
    summary = json.loads((run_dir / "summary.json").read_text())
    assert summary["verdict"] == "error"
    assert "engine" in " ".join(summary["reasons"])
    assert floodgate.leftovers() == []


def test_without_the_sftp_server_every_file_is_still_settled(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 5, "uploads", timeout_s=180)

    record = json.loads(next(floodgate.stacks.glob("*/processes/sftp.json")).read_text())
    next(found for found in floodgate.processes() if found.pid == record["pid"]).kill()
    result = command.finish()

    assert result.code == 6, result
    summary = json.loads((run_dir / "summary.json").read_text())
    assert "sftp" in summary["reasons"][0]
    assert summary["evidence_complete"]
    assert summary["files"]["delivered"] == summary["verified"] == summary["files"]["uploaded"] >= 5
    assert floodgate.leftovers() == []


def test_ctrl_c_while_the_report_is_written_keeps_the_report(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "smoke", "--out", str(run_dir))
    eventually((run_dir / "engine.log").exists, "the first part of the report", timeout_s=180)

    command.interrupt()
    result = command.finish()

    assert result.code in (130, -signal.SIGINT), result
    assert json.loads((run_dir / "summary.json").read_text())["verdict"] == "passed"
    eventually(lambda: floodgate.leftovers() == [], "the end of the stack")


def test_ctrl_c_while_the_stack_goes_down_leaves_nothing(floodgate: Floodgate, tmp_path):
    command = floodgate.start("run", "smoke", "--out", str(tmp_path / "run"))
    eventually(lambda: "stopping the stack" in command.err, "the end of the run", timeout_s=180)

    command.interrupt()
    result = command.finish()

    assert result.code in (130, -signal.SIGINT), result
    eventually(lambda: floodgate.leftovers() == [], "the watcher to finish the work")


def test_a_generator_that_dies_still_gets_its_files_settled(floodgate: Floodgate, tmp_path):
    run_dir = tmp_path / "run"
    command = floodgate.start("run", "million-a-day", "--minutes", "10", "--out", str(run_dir))
    eventually(lambda: ledger_lines(run_dir, "uploaded") >= 5, "uploads", timeout_s=180)

    psutil.Process(
        next(
            child.pid
            for child in psutil.Process(command.process.pid).children()
            if "harness.load" in child.cmdline()
        )
    ).kill()
    result = command.finish()

    assert result.code == 1, result
    summary = json.loads((run_dir / "summary.json").read_text())
    assert summary["verdict"] == "error"
    assert "load generator ended" in " ".join(summary["reasons"])
    assert summary["files"]["delivered"] >= 5
    assert summary["files"]["lost"] == 0
    assert floodgate.leftovers() == []
