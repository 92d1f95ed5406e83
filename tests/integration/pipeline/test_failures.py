"""A file that cannot be copied fails alone, is tried three times, and ends in the dead-letter queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.pipeline.conftest import Pipeline, wait_until

pytestmark = pytest.mark.integration


def poison(pipeline: Pipeline, key: str) -> str:
    """Upload an object that S3 refuses to copy: one in an archive, which must be restored first."""
    return pipeline.put(key, b"frozen", StorageClass="GLACIER")


def test_a_poison_file_ends_in_the_dead_letter_queue_and_its_neighbours_are_delivered(
    pipeline: Pipeline, customer: str, held_back: Callable[[], None]
) -> None:
    good = [f"{customer}/good-{number}.csv" for number in range(9)]
    versions = {key: pipeline.put(key) for key in good}
    bad = f"{customer}/poison.csv"
    bad_version = poison(pipeline, bad)
    held_back()
    for key in good:
        assert pipeline.wait_for_row(key, versions[key], "transferred")["receive_count"] == 1
    row = pipeline.wait_for_row(bad, bad_version, "failed", attempts=3)
    (letter,) = wait_until(lambda: pipeline.dead_letters(bad), lambda: f"{row}")
    assert (row["receive_count"], row["attempts"]) == (3, 3)
    assert row["error_type"] == "InvalidObjectState"
    assert "storage class" in row["error_message"]
    assert sorted(found["Key"] for found in pipeline.delivered(customer)) == good
    pipeline.wait_until_quiet()
    assert pipeline.row(bad, bad_version) == row

    pipeline.s3.restore_object(
        Bucket=pipeline.deployment.source_bucket,
        Key=bad,
        VersionId=bad_version,
        RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}},
    )
    pipeline.send(letter)
    mended = pipeline.wait_for_row(bad, bad_version, "transferred")
    assert (mended["attempts"], mended["redrives"]) == (1, 1)
    assert "error_type" not in mended
    assert pipeline.read(bad) == b"frozen"


@pytest.mark.parametrize("body", ["not json", '{"detail-type": "Object Created"}', "[1, 2]"])
def test_a_malformed_message_ends_in_the_dead_letter_queue(
    pipeline: Pipeline, customer: str, held_back: Callable[[], None], body: str
) -> None:
    malformed = body.replace("not json", f"not json {customer}").replace("[1", f'["{customer}"')
    malformed = malformed.replace("Object Created", f"Object Created {customer}")
    key = f"{customer}/good.csv"
    version_id = pipeline.put(key)
    pipeline.send(malformed)
    held_back()
    pipeline.wait_for_row(key, version_id, "transferred")
    assert wait_until(lambda: pipeline.dead_letters(customer)) == [malformed]
    assert [row["key"] for row in pipeline.rows(customer)] == [key]
