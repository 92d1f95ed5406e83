"""Reading AWS's answers: rows, versions, messages. The calls themselves are tested against an engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exceptions import AwsError, SettleError
from harness.measure import queues
from harness.measure.objects import list_versions, prefixes
from harness.measure.queues import QueueMessage, parse_body
from harness.measure.row_reader import RowReader
from harness.measure.rows import Row, parse_row

pytestmark = pytest.mark.unit


class TestRows:
    def test_are_read_with_their_types(self) -> None:
        item: dict[str, dict[str, Any]] = {
            "file_id": {"S": "f"},
            "status": {"S": "failed"},
            "queued_at": {"S": "2027-01-15T08:00:00.250000Z"},
            "receive_count": {"N": "3"},
            "error_type": {"S": "AccessDenied"},
            "destination_version_id": {"NULL": True},
        }
        row = parse_row(item)
        assert row == Row(
            "f", "failed", error_type="AccessDenied", queued_at=1_800_000_000.25, receive_count=3
        )
        assert not row.final

    @pytest.mark.parametrize("bad", [{"queued_at": {"S": "yesterday"}}, {"attempts": {"S": "many"}}])
    def test_what_is_not_a_time_or_a_number_is_an_error(self, bad: dict[str, Any]) -> None:
        with pytest.raises(SettleError, match="row f of the table"):
            parse_row({"file_id": {"S": "f"}, **bad})


class StingyTable:
    """Leaves all but the first key of each request unprocessed."""

    def __init__(self) -> None:
        self.calls = 0

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        self.calls += 1
        request = call["RequestItems"]["t"]
        first, rest = request["Keys"][0], request["Keys"][1:]
        left = {"t": {**request, "Keys": rest}} if rest else {}
        return {"Responses": {"t": [{**first, "status": {"S": "transferred"}}]}, "UnprocessedKeys": left}


class ThrottledTable(StingyTable):
    """Processes nothing at all."""

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        return {"Responses": {}, "UnprocessedKeys": call["RequestItems"]}


def test_unprocessed_keys_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    table = StingyTable()
    assert set(RowReader(table, "t").fetch(["a", "b", "c"])) == {"a", "b", "c"}
    assert table.calls == 3


def test_keys_that_stay_unprocessed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(SettleError, match="unprocessed"):
        RowReader(ThrottledTable(), "t").fetch(["a"])


class TestPrefixes:
    def test_are_the_longest_beginnings_per_customer(self) -> None:
        keys = ["a/in/run-1-01.csv", "a/in/run-1-09.csv", "b/in/run-1-02.csv", "b/other.csv", "top.csv"]
        assert prefixes(keys) == ["a/in/run-1-0", "b/", "top.csv"]

    @given(st.lists(st.text(min_size=1), min_size=1, max_size=30))
    def test_cover_every_key(self, keys: list[str]) -> None:
        found = prefixes(keys)
        assert all(any(key.startswith(prefix) for prefix in found) for key in keys)
        assert len(found) == len({key.partition("/")[0] for key in keys})


class Bucket:
    """A bucket of one version per key, listed ten at a time; counts the calls."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = sorted(keys)
        self.calls = 0

    def get_paginator(self, _name: str) -> Bucket:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803  (AWS's names)
        keys = [key for key in self.keys if key.startswith(Prefix)]
        for start in range(0, len(keys) or 1, 10):
            self.calls += 1
            versions = [
                {"Key": key, "VersionId": "v", "Size": 1, "LastModified": datetime(2026, 1, 1, tzinfo=UTC)}
                for key in keys[start : start + 10]
            ]
            yield {"Versions": versions, "IsTruncated": start + 10 < len(keys)}


class TestListing:
    RUN = tuple(f"customer-{number:03}/in/run.csv" for number in range(60))

    def test_many_folders_are_listed_at_once(self) -> None:
        bucket = Bucket(self.RUN)
        assert sorted(list_versions(bucket, "b", self.RUN)) == list(self.RUN)
        assert bucket.calls == 6

    def test_folders_full_of_older_files_are_listed_one_by_one(self) -> None:
        older = [f"customer-{folder:03}/in/old-{number}.csv" for folder in range(60) for number in range(20)]
        bucket = Bucket([*older, *self.RUN])
        found = list_versions(bucket, "b", self.RUN)
        assert sorted(found) == list(self.RUN)
        assert all(len(versions) == 1 for versions in found.values())
        assert bucket.calls == 120

    def test_few_folders_are_listed_one_by_one(self) -> None:
        bucket = Bucket(self.RUN)
        assert sorted(list_versions(bucket, "b", self.RUN[:3])) == list(self.RUN[:3])
        assert bucket.calls == 3


class TestMessages:
    def test_of_eventbridge_name_the_key_as_it_is(self) -> None:
        body = {"detail": {"bucket": {"name": "b"}, "object": {"key": "a/100%+ü.csv", "version-id": "v"}}}
        assert parse_body(json.dumps(body)) == QueueMessage("a/100%+ü.csv", "v")

    def test_of_s3_have_the_key_encoded(self) -> None:
        body = {"Records": [{"s3": {"object": {"key": "a/b+c%2Bd.csv", "versionId": "v"}}}]}
        assert parse_body(json.dumps(body)) == QueueMessage("a/b c+d.csv", "v")

    @pytest.mark.parametrize("body", ["", "not json", "[]", "{}", '{"detail": 1}', '{"Records": []}'])
    def test_of_other_kinds_name_nothing(self, body: str) -> None:
        assert parse_body(body) == QueueMessage()


class FlickeringPeek:
    """Fails now and then, as LocalStack does while a queue changes."""

    def __init__(self, failures: int, code: str = "InternalError") -> None:
        self.failures, self.code = failures, code

    def __call__(self, queue_url: str) -> list[dict[str, Any]]:
        self.failures -= 1
        if self.failures >= 0:
            raise AwsError("changed during iteration", code=self.code)
        return [{"MessageId": "1", "Body": "{}"}, {"MessageId": "1", "Body": "{}"}]


def test_peeking_is_tried_again_and_counts_a_message_once() -> None:
    assert queues.view(None, "q", FlickeringPeek(2)).depth == 1


@pytest.mark.parametrize("peek", [FlickeringPeek(99), FlickeringPeek(1, "QueueDoesNotExist")])
def test_peeking_gives_up(peek: FlickeringPeek) -> None:
    with pytest.raises(AwsError):
        queues.view(None, "q", peek)
