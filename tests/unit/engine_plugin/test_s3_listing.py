"""A listing finds its next page by plain keys, and answers with encoded ones."""

from __future__ import annotations

from typing import Any

import pytest
from floodgate_localstack.s3_listing import encoded_last, key_of_token

pytestmark = pytest.mark.unit

KEYS = ["a b", "a1", "é"]


class Provider:
    """Lists as LocalStack does, one key a page; notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def _list_objects_v2(self, context: Any, encoding_type: Any = None, start_after: str = "") -> Any:
        del context
        self.asked.append(encoding_type)
        found = [key for key in KEYS if key > start_after]
        return {"Prefix": "", "StartAfter": start_after, "Contents": [{"Key": found[0]}]}

    list_objects_v2 = encoded_last(_list_objects_v2)


def test_keys_are_encoded_in_the_answer_and_compared_as_they_are() -> None:
    provider = Provider()
    answer = provider.list_objects_v2(None, encoding_type="url", start_after="a b")
    assert answer["Contents"] == [{"Key": "a1"}]
    assert (answer["StartAfter"], answer["EncodingType"]) == ("a%20b", "url")
    assert provider.list_objects_v2(None, encoding_type="url", start_after="a1")["Contents"] == [
        {"Key": "%C3%A9"}
    ]
    assert provider.asked == [None, None]


def test_a_page_may_begin_with_any_letter() -> None:
    assert key_of_token("w6k_") == "é?"
    assert key_of_token(None) == ""


def test_without_encoding_nothing_is_changed() -> None:
    answer = Provider().list_objects_v2(None)
    assert answer["Contents"] == [{"Key": "a b"}]
    assert "EncodingType" not in answer
