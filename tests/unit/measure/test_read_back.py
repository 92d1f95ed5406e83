"""Which delivered bytes are read back in a long run, and what is said of the others."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engines.base import Progress
from harness.measure.etag import md5_of
from harness.measure.results import Verification
from harness.measure.settle import settle
from harness.measure.settlement import Settlement
from harness.measure.versions import ObjectVersion

from .builders import T0, World, file_id_of

pytestmark = pytest.mark.unit

FILES, MOST = 20, 4


class CountingWorld(World):
    """Remembers what was read back; `gzipped` ones have their `Content-Encoding`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: list[str] = []
        self.gzipped: set[str] = set()

    def read_back(self, versions: Collection[ObjectVersion], progress: Progress) -> None:
        super().read_back(versions, progress)
        for version in versions:
            self.read.append(version.key)
            if version.version_id in self.gzipped:
                version.unpacked_bytes = 10

    def settle_some(self, most: int | None = MOST) -> Settlement:
        inputs = replace(self.inputs(), read_back_most=most)
        return settle(inputs, wait_s=0, progress=lambda _: None, source=self, pause=lambda _: None)


@pytest.fixture
def world(tmp_path: Path) -> CountingWorld:
    return CountingWorld(tmp_path)


def deliver(
    world: CountingWorld,
    *,
    size_bytes: int = 10,
    body: str | None = None,
    same_etag: bool = True,
    etag: bool = True,
) -> str:
    """Let one file be delivered; return its key."""
    at = T0 + world.offered
    ledger_id, key = world.offer(at=at)
    content, version_id = f"content of {ledger_id}", f"v-{ledger_id}"
    source_etag = hashlib.md5(content.encode()).hexdigest()
    world.start(ledger_id, at + 0.01)
    world.acknowledge(ledger_id, at + 0.2, content)
    world.close(key, version_id, at + 0.15, etag=source_etag if etag else f"{source_etag}-2")
    world.row(file_id_of(key, version_id), "transferred", at + 0.3, destination_version_id=f"d-{version_id}")
    world.deliver(key, f"d-{version_id}", body or content, at + 0.5, size_bytes=size_bytes)
    world.at_destination[key][0].md5 = md5_of(source_etag if same_etag else "0" * 32)
    return key


def deliver_many(world: CountingWorld, files: int = FILES, *, etag: bool = True) -> list[str]:
    return [deliver(world, etag=etag) for _ in range(files)]


def test_a_short_run_is_read_back_whole(world: CountingWorld) -> None:
    deliver_many(world, MOST)
    world.end()
    settlement = world.settle_some()
    assert settlement.verification == Verification(verified=MOST)
    assert (settlement.verification.method, settlement.verification.share) == ("all", 1.0)


def test_a_long_run_is_read_back_by_a_sample_and_compared_by_etag(world: CountingWorld) -> None:
    deliver_many(world)
    world.end()
    settlement = world.settle_some()
    assert settlement.verification == Verification(verified=MOST, by_etag=FILES - MOST)
    assert (settlement.verification.method, settlement.verification.share) == ("sample", MOST / FILES)
    assert (settlement.unverified, settlement.problems, settlement.notes) == (0, [], [])
    assert len(world.read) == MOST


def test_the_sample_is_drawn_by_the_seed_of_the_run(world: CountingWorld) -> None:
    deliver_many(world)
    world.end()
    world.settle_some()
    first, world.read = world.read, []
    world.settle_some()
    assert world.read == first
    assert world.read != sorted(world.at_destination)[:MOST]


def test_everything_is_read_back_where_that_is_asked_for(world: CountingWorld) -> None:
    deliver_many(world)
    world.end()
    assert world.settle_some(most=None).verification == Verification(verified=FILES)


def test_etags_of_multipart_uploads_leave_the_size(world: CountingWorld) -> None:
    deliver_many(world, etag=False)
    world.end()
    assert world.settle_some().verification == Verification(verified=MOST, by_size=FILES - MOST)


@pytest.mark.parametrize("damage", [{"size_bytes": 4}, {"same_etag": False}])
def test_what_differs_is_read_back_and_found_corrupted(world: CountingWorld, damage: dict[str, Any]) -> None:
    deliver_many(world)
    broken = deliver(world, body="other bytes", **damage)
    world.end()
    settlement = world.settle_some()
    assert broken in world.read
    assert settlement.counts["corrupted"] == 1
    assert [record.key for record in settlement.records if record.corrupted] == [broken]
    assert settlement.verification == Verification(verified=MOST + 1, by_etag=FILES - MOST)


@pytest.mark.parametrize("damage", [{"size_bytes": 4}, {"same_etag": False}])
def test_all_that_differ_are_corrupted_when_there_are_more_than_are_read(
    world: CountingWorld, damage: dict[str, Any]
) -> None:
    for _ in range(FILES):
        deliver(world, body="other bytes", **damage)
    world.end()
    settlement = world.settle_some()
    assert len(world.read) == MOST
    assert settlement.counts["corrupted"] == FILES


def test_a_pipeline_that_compresses_is_judged_by_the_sample(world: CountingWorld) -> None:
    for _ in range(FILES):
        key = deliver(world, size_bytes=4, same_etag=False)
        world.gzipped.add(world.at_destination[key][0].version_id)
    world.end()
    settlement = world.settle_some()
    assert settlement.counts["corrupted"] == 0
    assert settlement.verification == Verification(verified=MOST, by_sample=FILES - MOST)
    assert settlement.unverified == 0
    assert "Sizes and ETags tell nothing of 16 delivered files" in settlement.notes[0]


@pytest.mark.parametrize(
    ("etag", "known"),
    [
        ('"d41d8cd98f00b204e9800998ecf8427e"', True),
        ("d41d8cd98f00b204e9800998ecf8427e", True),
        ('"d41d8cd98f00b204e9800998ecf8427e-2"', False),
        ("x" * 32, False),
        ("", False),
        (None, False),
    ],
)
def test_an_etag_is_an_md5_only_where_it_looks_like_one(etag: str | None, known: bool) -> None:
    assert md5_of(etag) == (0xD41D8CD98F00B20 if known else None)
