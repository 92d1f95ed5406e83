"""Settling against a real engine: whatever went wrong with a file is found."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.engines.registry import queue_peeker
from harness.exceptions import StackLostError
from harness.measure import objects, queues
from harness.measure.evidence import AwsEvidence
from harness.measure.follow import Follower
from harness.measure.queues import QueueMessage
from harness.measure.records import Outcome
from harness.measure.results import Verification
from harness.measure.row_reader import RowReader
from harness.measure.settle import settle
from harness.measure.settlement import Settlement
from tests.integration.measure.pipelines import Pipeline

pytestmark = pytest.mark.integration


def settled(pipeline: Pipeline, *, wait_s: float = 0.0) -> Settlement:
    pipeline.end()
    return settle(pipeline.inputs(), wait_s=wait_s, progress=print)


def outcomes(settlement: Settlement) -> list[Outcome]:
    return [record.outcome for record in settlement.records]


@pytest.mark.parametrize("name", ["plain", "a b+c%20d'\"&=", "ümläut-日本-🚀", "x" * 900])
def test_a_delivered_file_is_verified(pipeline: Pipeline, name: str) -> None:
    pipeline.deliver(*pipeline.upload(name))
    settlement = settled(pipeline, wait_s=30)
    assert outcomes(settlement) == [Outcome.DELIVERED]
    assert settlement.conservation_ok
    assert settlement.verified == 1
    assert settlement.records[0].cause is None
    end_to_end = settlement.latency_ms["end_to_end"]
    assert end_to_end is not None
    assert end_to_end.count == 1


def test_a_zero_byte_file_is_delivered(pipeline: Pipeline) -> None:
    pipeline.deliver(*pipeline.upload(content=b""))
    assert settled(pipeline).conservation_ok


def test_a_second_version_is_a_duplicate(pipeline: Pipeline) -> None:
    key, version_id = pipeline.upload()
    pipeline.deliver(key, version_id)
    pipeline.copy(key, version_id)
    settlement = settled(pipeline)
    assert settlement.counts["duplicated"] == 1
    assert settlement.problems == ["1 files duplicated"]


def test_other_bytes_of_the_same_size_are_corrupted(pipeline: Pipeline) -> None:
    key, version_id = pipeline.upload(content=b"right")
    destination = pipeline.description.buckets["destination"]
    other = pipeline.s3.put_object(Bucket=destination, Key=key, Body=b"wrong")["VersionId"]
    pipeline.row(key, version_id, "transferred", destination_version_id=other)
    settlement = settled(pipeline)
    assert settlement.counts["corrupted"] == 1
    assert settlement.problems == ["1 files corrupted"]


def test_of_many_files_a_sample_is_read_and_etags_tell_of_the_others(pipeline: Pipeline) -> None:
    for number in range(3):
        pipeline.deliver(*pipeline.upload(content=f"content {number}".encode()))
    key, version_id = pipeline.upload(content=b"right")
    destination = pipeline.description.buckets["destination"]
    other = pipeline.s3.put_object(Bucket=destination, Key=key, Body=b"wrong")["VersionId"]
    pipeline.row(key, version_id, "transferred", destination_version_id=other)
    pipeline.end()
    settlement = settle(replace(pipeline.inputs(), read_back_most=1), wait_s=0, progress=print)
    assert settlement.verification == Verification(verified=2, by_etag=2)
    assert [record.key for record in settlement.records if record.corrupted] == [key]


def test_a_file_that_nothing_knows_of_is_lost(pipeline: Pipeline) -> None:
    pipeline.upload()
    settlement = settled(pipeline)
    assert outcomes(settlement) == [Outcome.LOST]
    assert settlement.records[0].cause == "no_trace"


def test_dead_letters_are_found_and_a_recorded_failure_comes_first(pipeline: Pipeline) -> None:
    silent, told = pipeline.upload(), pipeline.upload()
    pipeline.row(*told, "failed", error_type="AccessDenied", error_message="not allowed")
    for upload in (silent, told):
        pipeline.send("dlq", *upload)
    settlement = settled(pipeline, wait_s=30)
    assert outcomes(settlement) == [Outcome.DLQ, Outcome.FAILED]
    assert settlement.failures[0].count == 1
    assert {failure.cause for failure in settlement.failures} == {"no_failure_recorded", "AccessDenied"}


def test_messages_that_wait_or_are_in_a_workers_hands_are_in_flight(pipeline: Pipeline) -> None:
    work = pipeline.description.queues["work"]
    in_hands, waiting = pipeline.upload(), pipeline.upload()
    pipeline.send("work", *in_hands)
    assert pipeline.sqs.receive_message(QueueUrl=work, VisibilityTimeout=600)["Messages"]
    pipeline.send("work", *waiting)
    assert outcomes(settled(pipeline)) == [Outcome.IN_FLIGHT, Outcome.IN_FLIGHT]
    message = pipeline.sqs.receive_message(QueueUrl=work, AttributeNames=["All"])["Messages"][0]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "looking has counted as receiving"


def test_an_upload_whose_source_is_gone_is_superseded(pipeline: Pipeline) -> None:
    source = pipeline.description.buckets["source"]
    deleted, removed = pipeline.upload(), pipeline.upload()
    pipeline.s3.delete_object(Bucket=source, Key=deleted[0])
    pipeline.s3.delete_object(Bucket=source, Key=removed[0], VersionId=removed[1])
    assert outcomes(settled(pipeline)) == [Outcome.SUPERSEDED, Outcome.SUPERSEDED]


def test_uploads_of_one_key_are_told_apart_by_the_tag(pipeline: Pipeline) -> None:
    key = "customer-0/incoming/daily.csv"
    older = pipeline.upload(content=b"same", key=key)
    newer = pipeline.upload(content=b"same", key=key)
    pipeline.row(*older, "superseded")
    pipeline.deliver(*newer)
    pipeline.copy(*newer)
    settlement = settled(pipeline)
    assert outcomes(settlement) == [Outcome.SUPERSEDED, Outcome.DELIVERED]
    assert [record.destination_versions for record in settlement.records] == [0, 2]


def test_versions_are_learnt_from_the_source_bucket(pipeline: Pipeline) -> None:
    key, version_id = pipeline.upload("ü %")
    pipeline.deliver(key, version_id)
    pipeline.uploads.unlink()
    settlement = settled(pipeline)
    assert settlement.records[0].version_id == version_id
    assert settlement.conservation_ok


def test_listing_goes_over_pages_and_rows_over_batches(pipeline: Pipeline) -> None:
    bucket = pipeline.description.buckets["destination"]
    keys = [f"customer-0/in/é +%/{number:04}.csv" for number in range(1010)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: pipeline.s3.put_object(Bucket=bucket, Key=key, Body=b""), keys))
    found = objects.list_versions(pipeline.s3, bucket, keys[:-1])
    assert sorted(found) == keys[:-1]
    assert all(len(versions) == 1 for versions in found.values())
    for number in range(3):
        pipeline.row(f"k{number}", "v", "transferred")
    file_ids = [pipeline.file_id(f"k{number}", "v") for number in range(150)]
    assert set(RowReader(pipeline.dynamodb, pipeline.description.table).fetch_all(file_ids)) == set(
        file_ids[:3]
    )


def test_without_peeking_dead_letters_are_received_and_put_back(pipeline: Pipeline) -> None:
    dlq = pipeline.description.queues["dlq"]
    for number in range(23):
        pipeline.send("dlq", f"key-{number}", f"v{number}")
    for _ in range(2):
        view = queues.view_dead_letters(pipeline.sqs, dlq, None)
        assert view.depth == 23
        assert QueueMessage("key-7", "v7") in (view.messages or ())


def test_without_peeking_the_work_queue_is_counted_only(pipeline: Pipeline) -> None:
    pipeline.send("work", "k", "v")
    evidence = AwsEvidence(pipeline.engine, pipeline.description, None)
    assert evidence.work_queue().depth == 1
    assert evidence.work_queue().messages is None
    peek = queue_peeker(pipeline.engine)
    assert peek is not None
    (message,) = peek(pipeline.description.queues["work"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "0"


def test_the_follower_sees_files_arrive(pipeline: Pipeline) -> None:
    inputs = pipeline.inputs()
    follower = Follower(inputs.engine, inputs.description, inputs.ledger_dir, inputs.uploads_file)
    upload = pipeline.upload()
    pipeline.send("work", *upload)
    waiting = follower.poll()
    assert (waiting.uploaded, waiting.backlog, waiting.queue_depth) == (1, 1, 1)
    pipeline.sqs.purge_queue(QueueUrl=pipeline.description.queues["work"])
    pipeline.deliver(*upload)
    done = follower.poll(fresh_depths=True)
    assert (done.delivered, done.backlog, done.queue_depth) == (1, 0, 0)
    assert done.p99_ms is not None


def test_an_engine_that_is_gone_is_told_as_such(pipeline: Pipeline) -> None:
    pipeline.upload()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = replace(pipeline.engine, endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        follower = Follower(gone, pipeline.description, pipeline.ledger.parent, pipeline.uploads)
        for _ in range(4):
            assert follower.poll().queue_depth is None
        with pytest.raises(StackLostError, match="did not answer 5 times"):
            follower.poll()


def test_a_destination_bucket_that_is_gone_holds_nothing(pipeline: Pipeline) -> None:
    """The report must come all the same: a failure stays a failure, a transfer without its object is lost."""
    failed, moved = pipeline.upload(), pipeline.upload()
    pipeline.row(*failed, "failed", error_type="NoSuchBucket")
    pipeline.row(*moved, "transferred", destination_version_id="v")
    description = replace(
        pipeline.description, buckets={**pipeline.description.buckets, "destination": "gone-and-away"}
    )
    pipeline.end()
    settlement = settle(replace(pipeline.inputs(), description=description), wait_s=0, progress=print)
    assert outcomes(settlement) == [Outcome.FAILED, Outcome.LOST]
    assert settlement.records[1].cause == "row_without_object"
