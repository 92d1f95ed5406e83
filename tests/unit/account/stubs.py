"""Clients of botocore that answer what AWS documents; botocore checks both sides against its models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import botocore.session
from botocore.stub import Stubber

Answer = tuple[str, dict[str, Any], dict[str, Any]]
"""Operation, the request that must come, and the response."""


def client(service: str) -> Any:
    """Return a client that never reaches anything."""
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


def answering(service: str, answers: Iterable[Answer]) -> tuple[Any, Stubber]:
    """Return a client with its answers, in their order."""
    made = client(service)
    stub = Stubber(made)
    for operation, request, response in answers:
        stub.add_response(operation, response, request)
    stub.activate()
    return made, stub
