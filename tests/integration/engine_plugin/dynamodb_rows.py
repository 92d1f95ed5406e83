"""Rows for the tests of DynamoDB, and the code of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def row(file_id: str, customer_id: str = "c-1", at: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    texts = {"file_id": file_id, "customer_id": customer_id, "at": at, **more}
    return {name: {"S": value} for name, value in texts.items()}


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])
