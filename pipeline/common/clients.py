"""How AWS is called: with few retries, because what fails is tried again by SQS or Step Functions."""

from __future__ import annotations

from botocore.config import Config

from pipeline.common.settings import ClientSettings


def config(settings: ClientSettings, *, connections: int = 10) -> Config:
    """Return the configuration of a function's clients.

    :param connections: one for each thread that uses a client
    """
    return Config(
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=3,
        read_timeout=settings.read_timeout_s,
        max_pool_connections=connections,
    )
