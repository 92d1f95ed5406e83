"""A look that goes wrong, or hangs, is a finding; the others still have their say."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from harness.doctor.check import ALL, Check, look_at_all
from harness.doctor.finding import Finding, Status, failed, ok, warning
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit


def well() -> Iterator[Finding]:
    yield ok("good.one", "all is well")


def broken() -> Iterator[Finding]:
    yield ok("bad.first", "this came first")
    raise ZeroDivisionError("by nought")


def missing() -> Iterator[Finding]:
    yield failed("docker.engine", "no Docker", fix="install it")


def test_findings_come_in_the_order_of_the_looks_whoever_is_done_first() -> None:
    first_may_end = threading.Event()

    def first() -> Iterator[Finding]:
        assert first_may_end.wait(10)
        yield ok("first.one", "late")

    def second() -> Iterator[Finding]:
        first_may_end.set()
        yield ok("second.one", "early")

    found = look_at_all([Check("first", first), Check("second", second)], "localstack")
    assert [finding.id for finding in found] == ["first.one", "second.one"]


def test_a_look_that_crashes_is_a_finding_and_the_others_go_on() -> None:
    found = look_at_all([Check("bad", broken), Check("good", well)], "localstack")
    assert [(finding.id, finding.status) for finding in found] == [
        ("bad", Status.UNKNOWN),
        ("good.one", Status.OK),
    ]
    assert "ZeroDivisionError: by nought" in found[0].summary
    assert found[0].fix


def test_an_error_of_ours_brings_its_own_fix() -> None:
    def refuse() -> Iterator[Finding]:
        yield from stop()

    def stop() -> Iterator[Finding]:
        raise EnvironmentNotReadyError("no bus", hint="wait for the next")

    (found,) = look_at_all([Check("bus", refuse)], "localstack")
    assert (found.status, found.fix) == (Status.UNKNOWN, "wait for the next")
    assert "no bus" in found.summary


def test_a_look_that_hangs_is_given_up() -> None:
    for_ever = threading.Event()

    def hang() -> Iterator[Finding]:
        for_ever.wait()
        yield ok("never.seen", "")

    try:
        found = look_at_all([Check("good", well), Check("slow", hang)], "localstack", timeout_s=0.2)
    finally:
        for_ever.set()
    assert [(finding.id, finding.status) for finding in found if finding.id == "slow"] == [
        ("slow", Status.UNKNOWN)
    ]


@pytest.mark.parametrize(
    ("needed_by", "engine", "status"),
    [
        (ALL, "localstack", Status.FAILED),
        (frozenset({"localstack:docker"}), "localstack:docker", Status.FAILED),
        (frozenset({"localstack:docker"}), "localstack", Status.NOTE),
    ],
)
def test_what_nobody_asked_for_cannot_fail(needed_by: frozenset[str], engine: str, status: Status) -> None:
    (found,) = look_at_all([Check("docker.engine", missing, needed_by)], engine)
    assert found.status is status
    assert found.fix == "install it"
    assert ("only localstack:docker would need it" in found.summary) is (status is Status.NOTE)


def test_a_warning_stays_one() -> None:
    def warn() -> Iterator[Finding]:
        yield warning("docker.memory", "small", fix="more")

    (found,) = look_at_all([Check("docker.memory", warn, frozenset({"ministack"}))], "localstack")
    assert found.status is Status.WARNING
