"""Files that cannot be copied: the cause in the report and in `dlq list`; brought back once it is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.floodgate import Floodgate

pytestmark = pytest.mark.e2e


def test_what_the_destination_refuses_comes_through_after_a_redrive(kept: Floodgate, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    fault = "s3.CopyObject:AccessDenied@100%"

    result = kept.run(
        "run", "smoke", "--files", "3", "--fault", fault, "--name", "kept", "--out", str(run_dir)
    )

    assert result.code == 4, result
    summary = json.loads((run_dir / "summary.json").read_text())
    assert summary["files"]["failed"] == 3
    assert [(found["cause"], found["count"]) for found in summary["failures"]] == [("AccessDenied", 3)]
    assert summary["attempts"]["most"] == 3
    assert [(found["rule"], found["hits"] >= 9) for found in summary["faults"]] == [(fault, True)]

    listed = json.loads(kept.run("dlq", "list", "--name", "kept", "--json").out)
    assert listed["queues"]["dlq"] == 3
    assert {(letter["status"], letter["cause"]) for letter in listed["messages"]} == {
        ("failed", "AccessDenied")
    }
    key = listed["messages"][0]["key"]
    assert key in kept.run("dlq", "list", "--name", "kept").out

    one = kept.run("dlq", "redrive", "--name", "kept", "--key", key, "--wait", "60")
    assert one.code == 0, one
    assert "1 transferred" in one.out
    rest = kept.run("dlq", "redrive", "--name", "kept", "--all", "--wait", "60")
    assert rest.code == 0, rest
    assert "2 messages brought back, 2 rows from failed to queued" in rest.out
    assert json.loads(kept.run("dlq", "list", "--name", "kept", "--json").out)["messages"] == []


def test_a_redrive_says_what_it_needs(kept: Floodgate) -> None:
    assert kept.run("dlq", "redrive", "--name", "kept").code == 2
    assert kept.run("dlq", "redrive", "--name", "kept", "--all", "--key", "a").code == 2
    assert kept.run("dlq", "list", "--name", "nobody").code == 3


THROTTLED = {
    "WorkerReservedConcurrency": 1,
    "WorkerMaximumConcurrency": 10,
    "WorkerBatchSize": 1,
    "WorkerTimeoutSeconds": 5,
    "DeadlineReserveSeconds": 1,
    "VisibilityTimeoutSeconds": 2,
}
"""More batches than the function may run, and messages that soon come again."""


def test_files_that_throttling_has_killed_say_so(floodgate: Floodgate, tmp_path: Path) -> None:
    parameters = [f"--parameter={name}={value}" for name, value in THROTTLED.items()]
    result = floodgate.run(
        *("run", "smoke", "--files", "12", "--rate", "12", *parameters),
        *("--fault", "lambda.worker:delay=1500ms", "--out", str(tmp_path / "run")),
    )

    assert result.code == 4, result
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    files = summary["files"]
    assert files["dlq"] > 0
    assert files["delivered"] > 0
    assert files["dlq"] + files["delivered"] == files["uploaded"] == 12
    assert [(each["stage"], each["cause"], each["count"]) for each in summary["failures"]] == [
        ("queue_wait", "Throttled", files["dlq"])
    ]
