"""One destination version for each upload, the newest on top, whatever happens in between."""

from __future__ import annotations

import dataclasses
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from pipeline.common import identity
from pipeline.common.deadline import Deadline, DeadlineReachedError
from pipeline.common.events import Upload
from pipeline.common.settings import WorkerSettings
from pipeline.transfer.copying import Copier, DestinationContestedError, SupersededError
from tests.unit.pipeline.fake_s3 import FakeS3, Version, client_error

pytestmark = pytest.mark.unit

KEY = "acme/a.csv"


def uploaded(s3: FakeS3, body: bytes = b"hello", *, sequencer: str = "10", **more: Any) -> Upload:
    """Put an object into the source bucket and return what its event says."""
    version = s3.put("source", KEY, body, **more)
    return Upload(
        file_id=identity.file_id("source", KEY, version.version_id),
        bucket="source",
        key=KEY,
        version_id=version.version_id,
        size_bytes=len(body),
        etag=version.etag.strip('"'),
        sequencer=sequencer,
        uploaded_at="2026-11-22T20:05:23.000000Z",
    )


@dataclasses.dataclass
class Copying:
    """A copier on a fake S3."""

    s3: FakeS3
    settings: WorkerSettings
    pool: ThreadPoolExecutor

    def copy(self, upload: Upload, *, remaining_s: float = 60.0, **settings: Any) -> str | None:
        chosen = dataclasses.replace(self.settings, **settings)
        copier = Copier(cast(Any, self.s3), chosen, self.pool)
        return copier.copy(upload, Deadline(remaining_s, reserve_s=0)).destination_version_id


@pytest.fixture
def copying(s3: FakeS3, settings: WorkerSettings, pool: ThreadPoolExecutor) -> Copying:
    return Copying(s3, settings, pool)


def bodies(versions: list[Version]) -> list[bytes]:
    return [version.body for version in versions]


def test_a_file_costs_one_call_without_the_look_at_its_source(s3: FakeS3, copying: Copying) -> None:
    copying.copy(uploaded(s3), check_source_is_current=False)
    assert s3.calls == ["CopyObject"]
    assert bodies(s3.versions(KEY)) == [b"hello"]


def test_a_file_costs_two_calls_with_the_look_at_its_source(s3: FakeS3, copying: Copying) -> None:
    copying.copy(uploaded(s3))
    assert s3.calls == ["HeadObject", "CopyObject"]


def test_a_repeated_copy_finds_the_first(s3: FakeS3, copying: Copying) -> None:
    upload = uploaded(s3)
    assert copying.copy(upload) == copying.copy(upload)
    assert len(s3.versions(KEY)) == 1


def test_a_later_upload_replaces_an_earlier_one(s3: FakeS3, copying: Copying) -> None:
    copying.copy(uploaded(s3, b"old", sequencer="10"))
    copying.copy(uploaded(s3, b"new", sequencer="11"))
    assert bodies(s3.versions(KEY)) == [b"old", b"new"]


def test_an_earlier_upload_does_not_cover_a_later_one(s3: FakeS3, copying: Copying) -> None:
    old, new = uploaded(s3, b"old", sequencer="10"), uploaded(s3, b"new", sequencer="11")
    copying.copy(new)
    with pytest.raises(SupersededError, match="newer upload"):
        copying.copy(old, check_source_is_current=False)
    assert bodies(s3.versions(KEY)) == [b"new"]


def test_an_object_that_is_not_ours_is_replaced(s3: FakeS3, copying: Copying) -> None:
    s3.put("destination", KEY, b"put there by hand")
    copying.copy(uploaded(s3))
    assert s3.versions(KEY)[-1].body == b"hello"


def test_a_deleted_destination_object_does_not_stand_in_the_way(s3: FakeS3, copying: Copying) -> None:
    s3.put("destination", KEY, b"old")
    s3.delete("destination", KEY)
    copying.copy(uploaded(s3))
    assert s3.versions(KEY)[-1].body == b"hello"


def test_a_rival_that_copies_the_same_upload_in_between_wins(s3: FakeS3, copying: Copying) -> None:
    upload = uploaded(s3)

    def rival() -> None:
        s3.before_copy = lambda: None
        copying.copy(upload)

    s3.before_copy = rival
    copying.copy(upload)
    assert len(s3.versions(KEY)) == 1


def test_a_newer_upload_that_arrives_between_look_and_copy_stays_on_top(s3: FakeS3, copying: Copying) -> None:
    s3.put("destination", KEY, b"not ours")
    old, new = uploaded(s3, b"old", sequencer="10"), uploaded(s3, b"new", sequencer="11")
    copies = iter(range(9))

    def rival_before_second() -> None:
        if next(copies) == 1:
            copying.copy(new)

    s3.before_copy = rival_before_second
    with pytest.raises(SupersededError):
        copying.copy(old, check_source_is_current=False)
    assert s3.versions(KEY)[-1].body == b"new"


def test_a_destination_emptied_between_look_and_copy_is_filled(s3: FakeS3, copying: Copying) -> None:
    s3.put("destination", KEY, b"not ours")
    copies = iter(range(9))

    def emptied_before_second() -> None:
        if next(copies) == 1:
            s3.delete("destination", KEY)

    s3.before_copy = emptied_before_second
    copying.copy(uploaded(s3))
    assert s3.versions(KEY)[-1].body == b"hello"


@pytest.mark.parametrize(("body", "replacing_write"), [(b"the same bytes", 1), (b"", 1), (b"large" * 100, 0)])
def test_rivals_that_replace_the_same_bytes_make_one_version(
    s3: FakeS3, copying: Copying, body: bytes, replacing_write: int
) -> None:
    copying.copy(uploaded(s3, body, sequencer="10"))
    again = uploaded(s3, body, sequencer="11")
    writes = itertools.count()

    def rival() -> None:
        if next(writes) == replacing_write:
            copying.copy(again)

    s3.before_copy = rival
    copying.copy(again)
    assert bodies(s3.versions(KEY)) == [body, body]


def test_endless_rivals_end_in_an_error_and_not_in_a_loop(s3: FakeS3, copying: Copying) -> None:
    rivals = iter(range(99))
    s3.before_copy = lambda: s3.put("destination", KEY, f"rival {next(rivals)}".encode())
    with pytest.raises(DestinationContestedError):
        copying.copy(uploaded(s3))
    assert next(rivals) < 10


def test_a_version_that_is_gone_is_superseded(s3: FakeS3, copying: Copying) -> None:
    upload = dataclasses.replace(uploaded(s3), version_id="never-was")
    with pytest.raises(SupersededError, match="NoSuchVersion"):
        copying.copy(upload, check_source_is_current=False)


def test_a_key_that_is_gone_is_superseded(s3: FakeS3, copying: Copying) -> None:
    upload = dataclasses.replace(uploaded(s3), key="acme/other.csv")
    with pytest.raises(SupersededError):
        copying.copy(upload)


def test_a_deleted_source_is_superseded_although_its_version_exists(s3: FakeS3, copying: Copying) -> None:
    upload = uploaded(s3)
    s3.delete("source", KEY)
    with pytest.raises(SupersededError, match="deleted or renamed"):
        copying.copy(upload)
    assert s3.versions(KEY) == []


def test_a_replaced_source_is_superseded(s3: FakeS3, copying: Copying) -> None:
    old = uploaded(s3, b"old")
    uploaded(s3, b"new")
    with pytest.raises(SupersededError, match="replaced"):
        copying.copy(old)


def test_a_copy_made_before_the_source_went_is_found(s3: FakeS3, copying: Copying) -> None:
    upload = uploaded(s3)
    made = copying.copy(upload)
    s3.delete("source", KEY)
    assert copying.copy(upload) == made


def test_a_missing_destination_bucket_is_a_failure(s3: FakeS3, copying: Copying) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        copying.copy(uploaded(s3), destination_bucket="nowhere")


def test_nothing_is_started_after_the_deadline(s3: FakeS3, copying: Copying) -> None:
    with pytest.raises(DeadlineReachedError):
        copying.copy(uploaded(s3), remaining_s=0)
    assert s3.versions(KEY) == []


def test_tags_of_small_files_are_kept_on_demand(s3: FakeS3, copying: Copying) -> None:
    copying.copy(uploaded(s3, tags={"team": "blue & green"}), keep_source_tags=True)
    assert s3.versions(KEY)[0].tags["team"] == "blue & green"


def test_the_tag_survives_ten_tags_of_the_source(s3: FakeS3, copying: Copying) -> None:
    upload = uploaded(s3, tags={f"t{number}": "x" for number in range(10)})
    copying.copy(upload, keep_source_tags=True)
    assert len(s3.versions(KEY)[0].tags) == 10
    assert copying.copy(upload, keep_source_tags=True) == s3.versions(KEY)[0].version_id


class TestLargeObjects:
    BODY = bytes(range(250)) * 2

    def test_parts_make_the_same_object(self, s3: FakeS3, copying: Copying) -> None:
        upload = uploaded(
            s3, self.BODY, tags={"team": "blue"}, content_type="text/csv", metadata={"who": "me"}
        )
        copying.copy(upload)
        (made,) = s3.versions(KEY)
        assert made.body == self.BODY
        assert (made.content_type, made.metadata, made.tags["team"]) == ("text/csv", {"who": "me"}, "blue")
        assert "CopyObject" not in s3.calls

    def test_a_repeated_copy_moves_no_part(self, s3: FakeS3, copying: Copying) -> None:
        upload = uploaded(s3, self.BODY)
        first = copying.copy(upload)
        s3.calls.clear()
        assert copying.copy(upload) == first
        assert "CreateMultipartUpload" not in s3.calls

    def test_a_failing_part_leaves_nothing_behind(self, s3: FakeS3, copying: Copying) -> None:
        def fail_third(number: int) -> None:
            if number == 3:
                raise client_error("SlowDown")

        s3.before_part = fail_third
        with pytest.raises(ClientError, match="SlowDown"):
            copying.copy(uploaded(s3, self.BODY))
        assert (s3.uploads, s3.versions(KEY)) == ({}, [])

    def test_a_source_that_goes_in_between_leaves_nothing_behind(self, s3: FakeS3, copying: Copying) -> None:
        s3.before_part = lambda number: s3.buckets["source"].clear()
        with pytest.raises(SupersededError):
            copying.copy(uploaded(s3, self.BODY))
        assert (s3.uploads, s3.versions(KEY)) == ({}, [])

    def test_a_deadline_between_parts_leaves_nothing_behind(self, s3: FakeS3, copying: Copying) -> None:
        class SpentDeadline(Deadline):
            """Lets the copy begin, and is over at the second part."""

            checks = 0

            def check(self) -> None:
                self.checks += 1
                if self.checks > 2:
                    raise DeadlineReachedError("test")

        copier = Copier(cast(Any, s3), copying.settings, copying.pool)
        with pytest.raises(DeadlineReachedError):
            copier.copy(uploaded(s3, self.BODY), SpentDeadline(60, 0))
        assert (s3.uploads, s3.versions(KEY)) == ({}, [])

    def test_a_rival_that_finishes_first_wins(self, s3: FakeS3, copying: Copying) -> None:
        upload = uploaded(s3, self.BODY)
        rivals = iter([lambda: copying.copy(upload, multipart_threshold_bytes=10**9)])

        def rival(number: int) -> None:
            if number == 1 and (copy := next(rivals, None)):
                copy()

        s3.before_part = rival
        copying.copy(upload)
        assert len(s3.versions(KEY)) == 1
        assert s3.uploads == {}
