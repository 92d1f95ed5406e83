"""`summary.json`: what its schema and its identities accept."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from harness.exceptions import ReportError
from harness.measure.records import Outcome
from harness.report.summary import build_summary, problems_of, read_summary, schema, write_summary
from tests.unit.report import builders

pytestmark = pytest.mark.unit


@pytest.fixture
def summary():
    return build_summary(builders.inputs())


def changed(summary: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy with one value replaced; the path is separated by dots."""
    made = copy.deepcopy(summary)
    *parents, last = path.split(".")
    place: Any = made
    for parent in parents:
        place = place[int(parent)] if isinstance(place, list) else place[parent]
    place[last] = value
    return made


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_a_run_makes_a_valid_summary(summary):
    assert problems_of(summary) == []


def test_the_names_of_the_contract_are_there(summary):
    assert summary["files"]["delivered"] == 50
    assert summary["engine"]["name"] == "localstack"
    assert summary["provenance"]["machine"]["cores"] == 4
    assert set(summary["resources"]) >= {"engine", "functions", "sftp", "load"}
    assert summary["started_at"] == "2026-11-22T19:48:08.250000Z"


def required_paths(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name in node.get("required", []):
        yield f"{prefix}{name}"
    for name, child in node.get("properties", {}).items():
        yield from required_paths(child, f"{prefix}{name}.")


@pytest.mark.parametrize("path", sorted(required_paths(schema())))
def test_no_field_of_the_contract_may_be_missing(summary, path):
    *parents, last = path.split(".")
    place = summary
    for parent in parents:
        place = place[parent]
    del place[last]
    assert problems_of(summary)


def test_fields_may_be_added(summary):
    summary["extra"] = summary["files"]["extra"] = summary["resources"]["engine"]["extra"] = 1
    assert problems_of(summary) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_version", 2),
        ("verdict", "fine"),
        ("files.lost", -1),
        ("files.lost", None),
        ("started_at", "2026-11-22 19:48:08"),
        ("seed", 1.5),
        ("duration_s", -1),
        ("thresholds.0.verdict", "ok"),
        ("thresholds.0.verdict", "no_samples"),
        ("thresholds.0.value", None),
        ("latency_ms.lag.p50", None),
        ("latency_ms.lag.count", 0),
        ("resources.engine.cpu_s", "much"),
        ("rate.delivered_per_s", float("nan")),
        ("bytes.uploaded", 1.5),
    ],
)
def test_what_contradicts_the_contract_is_found(summary, path, value):
    assert problems_of(changed(summary, path, value))


@pytest.mark.parametrize("total", ["offered", "uploaded"])
def test_an_identity_that_does_not_hold_is_found(summary, total):
    summary["files"][total] += 1
    assert any(f"{total} = " in problem for problem in problems_of(summary))


def test_a_stage_that_the_route_lacks_is_null(summary):
    assert problems_of(changed(summary, "latency_ms.queue_wait", None)) == []


def test_no_samples_are_null_and_never_zero():
    summary = build_summary(builders.inputs([builders.record(0, Outcome.UPLOAD_FAILED)], resources={}))
    assert summary["latency_ms"]["end_to_end"]["p99"] is None
    assert summary["rate"]["delivered_per_s"] is None
    assert summary["resources"]["engine"] == {"cpu_s": None, "rss_max_mib": None}
    assert problems_of(summary) == []


def test_negative_latencies_are_kept():
    early = builders.record(0, queued_at=builders.START + 0.015)
    assert build_summary(builders.inputs([early]))["latency_ms"]["event_delivery"]["p50"] < 0


def test_an_invalid_summary_is_written_aside_and_raises(tmp_path, summary):
    summary["rate"]["delivered_per_s"] = float("nan")
    with pytest.raises(ReportError, match="not finite") as caught:
        write_summary(tmp_path, summary)
    assert "summary.invalid.json" in (caught.value.hint or "")
    assert [path.name for path in tmp_path.iterdir()] == ["summary.invalid.json"]


@pytest.mark.parametrize("content", [None, "not json", "{}", "[]", '{"schema_version": 1}'])
def test_a_folder_without_a_usable_summary_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    with pytest.raises(ReportError) as caught:
        read_summary(tmp_path)
    assert caught.value.hint


def test_a_written_summary_is_read_back(tmp_path, summary):
    path = write_summary(tmp_path, summary)
    assert read_summary(tmp_path) == summary == json.loads(path.read_text())
