"""A run that this machine's memory may not hold is told before it begins."""

from __future__ import annotations

import pytest

from harness.cost.estimate import Load
from harness.engines.base import EngineInfo
from harness.run.memory import needed_bytes, warning

pytestmark = pytest.mark.unit

GIB = 2**30
DAY = Load(1_000_000, 15 * 1024, 86_400.0)
MINUTES = Load(1_400, 15 * 1024, 120.0)


def engine(name: str, mode: str) -> EngineInfo:
    return EngineInfo(name, mode, "1", "http://127.0.0.1:4566")


@pytest.mark.parametrize(
    ("name", "mode"), [("localstack", "host"), ("localstack", "docker"), ("ministack", "host")]
)
def test_a_day_of_files_is_told_and_some_minutes_are_not(name: str, mode: str) -> None:
    told = warning(engine(name, mode), "queued", DAY, 16 * GIB)
    assert told is not None
    assert "1,000,000 files" in told
    assert "16 GiB are free; --minutes or --files" in told
    assert warning(engine(name, mode), "queued", DAY, 400 * GIB) is None
    assert warning(engine(name, mode), "queued", MINUTES, 2 * GIB) is None


@pytest.mark.parametrize(("name", "mode"), [("aws", "aws"), ("localstack", "url")])
def test_what_keeps_its_files_elsewhere_is_not_warned_of(name: str, mode: str) -> None:
    assert warning(engine(name, mode), "queued", DAY, GIB) is None


def test_localstack_keeps_large_objects_on_the_disk_and_ministack_does_not() -> None:
    large = Load(100, 100 * 2**20, 60.0)
    assert needed_bytes("localstack", "queued", large) < GIB
    assert needed_bytes("ministack", "queued", large) > 9 * GIB
