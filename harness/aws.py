"""The one place where boto3 clients are made, and where botocore's errors are translated."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.exceptions
import botocore.loaders
import botocore.session
from botocore.config import Config

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError

USER_AGENT = "floodgate-harness"
"""By which an engine's call counts tell the harness from the pipeline."""

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    s3={"addressing_style": "path"},
    proxies={},
    user_agent_extra=USER_AGENT,
)


def client(service: str, engine: EngineInfo, **overrides: Any) -> Any:
    """Return a boto3 client for `service` on `engine`.

    What the user keeps in `AWS_*`, `~/.aws` and the proxy variables has no say in it: the engine is on this
    machine, and its credentials come with it.

    :param overrides: keyword arguments of `boto3.client`, e.g. `config`
    """
    config = _CONFIG.merge(overrides.pop("config", None) or Config())
    return boto3.session.Session(botocore_session=_clean_session()).client(
        service,  # type: ignore[call-overload]
        **{
            "endpoint_url": engine.endpoint_url,
            "region_name": engine.region,
            "aws_access_key_id": engine.access_key_id,
            "aws_secret_access_key": engine.secret_access_key,
            "config": config,
            **overrides,
        },
    )


def _clean_session() -> botocore.session.Session:
    """Return a session that reads neither the profile, nor the files, nor any AWS_* variable of the user."""
    settings = {
        name: (in_file, None, default, convert)
        for name, (in_file, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    nowhere = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={**settings, "config_file": nowhere, "credentials_file": nowhere}
    )
    session.register_component("data_loader", _loader())
    return session


@functools.cache
def _loader() -> botocore.loaders.Loader:
    """Return the one reader of service models: it keeps what each client would else spend 0.2 s of CPU on."""
    return botocore.loaders.create_loader()


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn botocore's errors into ours.

    :param doing: what was being done, e.g. `reading the table`
    :raises StackLostError: the endpoint does not answer
    :raises AwsError: AWS refused the call
    """
    try:
        yield
    except botocore.exceptions.ClientError as exc:
        code = exc.response.get("Error", {}).get("Code", "Unknown")
        raise AwsError(f"{doing}: {exc}", code=code) from exc
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as exc:
        raise StackLostError(f"{doing}: the engine does not answer ({exc})") from exc
    except botocore.exceptions.BotoCoreError as exc:
        raise AwsError(f"{doing}: {exc}", code=type(exc).__name__) from exc
