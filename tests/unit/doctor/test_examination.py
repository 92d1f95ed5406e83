"""The whole: which looks are taken, what follows from them, how it is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from harness.doctor import catalogue, examination
from harness.doctor.check import Check
from harness.doctor.examination import Examination, examine
from harness.doctor.finding import Finding, Status, failed, note, ok, warning
from harness.doctor.rendering import TITLES, render
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit

SCHEMA = json.loads(Path(examination.__file__).with_name("doctor.schema.json").read_text())
FINDINGS = [
    ok("python.version", "Python 3.12"),
    note("aws.credentials", "none", fix="set them up"),
    warning("disk.state", "/home/żółw is nearly full", fix="free some room", mendable=True, free_bytes=5),
    failed("memory.free", "[0.1] GiB free", fix="buy more"),
    Finding("docker.engine", Status.UNKNOWN, "no answer", "restart it"),
]


def shown(findings: list[Finding], encoding: str) -> str:
    """Return what a terminal of that encoding gets."""
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, errors="strict", write_through=True)
    render(Examination("localstack", findings), Console(file=stream, soft_wrap=True, highlight=False))
    return buffer.getvalue().decode(encoding)


def test_json_keeps_its_promise() -> None:
    told = Examination("localstack", FINDINGS).to_json()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(told)))
    assert told["counts"] == {"ok": 1, "note": 1, "warning": 1, "failed": 1, "unknown": 1}
    assert told["ready"] is False


def test_only_what_is_missing_makes_a_machine_unready() -> None:
    assert Examination("localstack", [each for each in FINDINGS if each.status != "failed"]).is_ready


def test_every_finding_that_is_not_well_is_shown_with_its_fix() -> None:
    text = shown(FINDINGS, "utf-8")
    for finding in FINDINGS:
        assert finding.summary in text
        assert finding.fix is None or f"fix: {finding.fix}" in text
    for sign in ("✓ Python", "! /home/żółw", "✗ [0.1]", "? no answer"):
        assert sign in text
    assert text.splitlines()[-1] == "not ready for localstack, 1 missing, 1 to look at, 1 not to be known"


def test_a_terminal_that_knows_ascii_only_gets_ascii() -> None:
    text = shown(FINDINGS, "ascii")
    assert "ok Python 3.12" in text
    assert "X  [0.1] GiB free" in text
    assert "/home/???w" in text


def test_all_looks_have_a_title_and_names_of_their_own() -> None:
    checks = catalogue.all_checks("http://127.0.0.1:1")
    assert {check.id.partition(".")[0] for check in checks} == set(TITLES)
    assert len({check.id for check in checks}) == len(checks)


def test_an_address_without_a_host_is_refused() -> None:
    with pytest.raises(UsageError, match="no address"):
        examine("http://")


def test_an_engine_has_its_own_looks_only() -> None:
    by_engine = {engine: {each.id for each in catalogue.checks_for(engine)} for engine in catalogue.ENGINES}
    assert "docker.engine" in by_engine["localstack:docker"] & by_engine["compose"]
    assert "docker.engine" not in by_engine["localstack"] | by_engine["ministack"] | by_engine["aws"]
    assert "environments.localstack" in by_engine["localstack"]
    assert "environments.localstack" not in by_engine["ministack"]
    assert "aws.credentials" in by_engine["aws"]
    for found in by_engine.values():
        assert {"python.version", "memory.free", "leftovers.stacks"} <= found


def test_nothing_asks_the_network_unless_it_is_asked_for() -> None:
    for engine in catalogue.ENGINES:
        looks = {check.id: check.look for check in catalogue.all_checks(engine)}
        asks = looks["aws.account"].__name__ == "whose"
        assert asks is (engine == "aws")
        assert "endpoint" not in looks


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        examine("minicloud")
    assert "ministack" in str(caught.value.hint)


def test_what_is_examined_can_be_given() -> None:
    def look() -> Iterator[Finding]:
        yield failed("memory.free", "none", fix="buy some")

    found = examine("ministack", [Check("memory.free", look)])
    assert (found.engine, found.is_ready) == ("ministack", False)
