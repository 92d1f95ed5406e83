"""The Pipe's enrichment: who and what, for each message that goes on."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.common.events import parse_upload
from pipeline.handlers import enrichment
from tests.unit.pipeline import events
from tests.unit.pipeline.test_batch import record

pytestmark = pytest.mark.unit


def enrich(*records: dict[str, Any]) -> list[dict[str, Any]]:
    context = SimpleNamespace(
        function_name="enrichment",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:enrichment",
        aws_request_id="request-1",
    )
    answer: list[dict[str, Any]] = enrichment.handler(list(records), context)  # type: ignore[arg-type]
    return answer


def test_customer_and_upload_of_each_event() -> None:
    first, second = record("acme/a.csv"), record("globex/b.csv")
    found = enrich(first, second)
    assert [one["customer_id"] for one in found] == ["acme", "globex"]
    assert [one["file_id"] for one in found] == [parse_upload(one["body"]).file_id for one in (first, second)]
    assert [one["event"] for one in found] == [json.loads(one["body"]) for one in (first, second)]
    json.dumps(found)


def test_directory_markers_go_no_further() -> None:
    assert enrich(record("acme/folder/")) == []


def test_a_malformed_message_goes_on_alone_and_holds_up_none() -> None:
    bad = events.sqs_record("not json", message_id="m-bad")
    found = enrich(bad, record("acme/a.csv"))
    assert found[0] == {"customer_id": "unknown", "file_id": "m-bad", "event": "not json"}
    assert found[1]["customer_id"] == "acme"


@pytest.mark.parametrize("customer", ["with space", "日本語", "x" * 129])
def test_a_customer_whose_name_sqs_refuses_as_a_group_has_its_hash(customer: str) -> None:
    (found,) = enrich(record(f"{customer}/a.csv"))
    assert re.fullmatch(r"sha256-[0-9a-f]{64}", found["customer_id"])
    assert enrich(record(f"{customer}/b.csv"))[0]["customer_id"] == found["customer_id"]
