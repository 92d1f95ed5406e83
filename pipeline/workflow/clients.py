"""AWS clients of the functions, made when a Lambda environment starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from pipeline.common.settings import ClientSettings


def make(service: str, settings: ClientSettings, *, connections: int = 10) -> Any:
    """Return a client with few and short retries: Step Functions retries the task, with more patience."""
    config = Config(
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=3,
        read_timeout=settings.read_timeout_s,
        max_pool_connections=connections,
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]
