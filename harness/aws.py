"""The one place where boto3 clients are made, and where botocore's errors are translated."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import botocore.loaders
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, EnvironmentNotReadyError, StackLostError

USER_AGENT = "floodgate-harness"
"""By which an engine's call counts tell the harness from the pipeline."""
ACCOUNT_MODE = "aws"
"""`EngineInfo.mode` of a real account: reached by the user's credential chain, of which nothing is stored."""
_OF_AWS = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
)
"""All partitions that botocore knows (its data/partitions.json), and the names with IPv6."""
_ENDED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "SSOTokenLoadError",
        "TokenRefreshRequired",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
"""What AWS and botocore answer once credentials are no longer good."""
_HINT = "set up the AWS CLI first (aws configure, or aws sso login), and name a Region (AWS_REGION)"

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
    s3={"addressing_style": "path"},
    proxies={},
    user_agent_extra=USER_AGENT,
)
_ACCOUNT_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=32,
    user_agent_extra=USER_AGENT,
)
"""AWS throttles where an engine of this machine is slow."""
_making_clients = threading.Lock()
"""A boto3 session makes one client at a time."""


def client(service: str, engine: EngineInfo, **overrides: Any) -> Any:
    """Return a boto3 client for `service` on `engine`.

    What the user keeps in `AWS_*`, `~/.aws` and the proxy variables has no say in it: the engine is on this
    machine, and its credentials come with it. For an account (`--engine aws`) it is the other way round.

    :param overrides: keyword arguments of `boto3.client`, e.g. `config`
    :raises EnvironmentNotReadyError: an account, and the credentials of this process are not of it
    """
    if engine.mode == ACCOUNT_MODE:
        return _client_of_account(service, engine, overrides)
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


def account_of(session: boto3.session.Session) -> EngineInfo:
    """Ask AWS, or what `AWS_ENDPOINT_URL` names instead, whose credentials those of a session are.

    :raises EnvironmentNotReadyError: there are no credentials, no Region, or AWS does not take them
    """
    try:
        with _settings_read(), translated("asking AWS for the account"):
            sts = session.client("sts")
            endpoint_url = session.client("cloudformation").meta.endpoint_url
            _require_one_side(endpoint_url, sts)
            account_id = sts.get_caller_identity()["Account"]
    except (AwsError, StackLostError) as exc:
        raise EnvironmentNotReadyError(exc.message, hint=_HINT) from exc
    return EngineInfo(
        ACCOUNT_MODE,
        ACCOUNT_MODE,
        "of today",
        endpoint_url.rstrip("/"),
        str(session.region_name),
        account_id,
        access_key_id="",
        secret_access_key="",
    )


def require_one_side(engine: EngineInfo, services: Iterable[str]) -> None:
    """Check that all services of an account are AWS's, or that none is.

    With `AWS_ENDPOINT_URL_STS` alone, say, an account that may be used answers for one that may not.

    :raises EnvironmentNotReadyError: some are AWS's, others are not
    """
    for service in services:
        client(service, engine)


def _require_one_side(cloudformation_url: str, made: Any) -> None:
    url = made.meta.endpoint_url
    if is_aws_itself(url) != is_aws_itself(cloudformation_url):
        raise EnvironmentNotReadyError(
            f"CloudFormation is asked at {cloudformation_url}, but {made.meta.service_model.service_name} at "
            f"{url}: one is AWS itself, and the other is not",
            hint="unset the AWS_ENDPOINT_URL_… that is left over (or endpoint_url in ~/.aws/config)",
        )


def user_session(region: str | None = None) -> boto3.session.Session:
    """Return a session of the ordinary credential chain: profile, variables, SSO and roles as in the AWS CLI.

    :raises EnvironmentNotReadyError: there is no such profile, or the settings cannot be read
    """
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader())
    with _settings_read():
        core.get_scoped_config()  # boto3 would find out about the profile later
        # boto3 alone of AWS's SDKs does not read AWS_REGION:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
        return boto3.session.Session(
            botocore_session=core, region_name=region or os.environ.get("AWS_REGION")
        )


def configured_endpoint_url(service: str) -> str | None:
    """Return what the user's variables and profile put in the place of AWS's own endpoint; None: nothing.

    Neither credentials nor a Region are needed for the answer.

    :raises EnvironmentNotReadyError: there is no such profile, or the settings cannot be read
    """
    session = user_session("us-east-1")
    with _settings_read():
        found = session.client(service, config=Config(signature_version=UNSIGNED))  # type: ignore[call-overload]
    url: str = found.meta.endpoint_url
    return None if is_aws_itself(url) else url


@contextmanager
def _settings_read() -> Iterator[None]:
    """Translate what botocore has to say about the user's variables and files, some of it as ValueError."""
    try:
        yield
    except (botocore.exceptions.BotoCoreError, ValueError) as exc:
        raise EnvironmentNotReadyError(
            f"the AWS settings of this shell cannot be used: {exc}", hint=_HINT
        ) from exc


def is_aws_itself(endpoint_url: str) -> bool:
    """Tell an endpoint of AWS from one that `AWS_ENDPOINT_URL` has put in its place."""
    return (urlsplit(endpoint_url).hostname or "").rstrip(".").endswith(_OF_AWS)


def endpoint_url(service: str, engine: EngineInfo) -> str:
    """Return where a service is; on engines of this machine they are all in one place."""
    if engine.mode != ACCOUNT_MODE:
        return engine.endpoint_url
    return str(client(service, engine).meta.endpoint_url)


class AccessKeys(NamedTuple):
    """What a request is signed with; a token comes with keys that end."""

    access_key_id: str
    secret_access_key: str
    token: str | None = None


def credentials(engine: EngineInfo) -> AccessKeys:
    """Return what to sign with now; those of an account may be others a while later.

    :raises EnvironmentNotReadyError: an account, and the credentials of this process are not of it
    """
    if engine.mode != ACCOUNT_MODE:
        return AccessKeys(engine.access_key_id, engine.secret_access_key)
    found = _session_of(engine, _variables()).get_credentials()
    if found is None:
        raise EnvironmentNotReadyError("there are no AWS credentials any more", hint=_HINT)
    with translated("reading the AWS credentials"):
        frozen = found.get_frozen_credentials()
    return AccessKeys(str(frozen.access_key), str(frozen.secret_key), frozen.token)


def _client_of_account(service: str, engine: EngineInfo, overrides: dict[str, Any]) -> Any:
    config = _ACCOUNT_CONFIG.merge(overrides.pop("config", None) or Config())
    if not is_aws_itself(engine.endpoint_url):
        config = config.merge(Config(s3={"addressing_style": "path"}))
    session = _session_of(engine, _variables())
    with _making_clients:
        made = session.client(service, config=config, **overrides)  # type: ignore[call-overload]
    _require_one_side(engine.endpoint_url, made)
    return made


@functools.lru_cache(maxsize=4)
def _session_of(engine: EngineInfo, variables: frozenset[tuple[str, str]]) -> boto3.session.Session:
    """Return a session of the user's that leads to this account and nowhere else.

    A stack that is up may be met by a process with other credentials, or without its `AWS_ENDPOINT_URL`.

    :param variables: what the credentials may depend on, so that others make another session
    """
    del variables
    session = user_session(engine.region)
    found = account_of(session)
    wanted, there = _place(engine), _place(found)
    if wanted != there:
        raise EnvironmentNotReadyError(
            f"the stack is in {wanted}, but the AWS credentials of this process are of {there}",
            hint="choose the profile (AWS_PROFILE) or endpoint (AWS_ENDPOINT_URL) that it was made with",
        )
    return session


def _variables() -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))


def _place(engine: EngineInfo) -> str:
    return f"account {engine.account_id} at {engine.endpoint_url}"


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
        raise AwsError(f"{doing}: {exc}", code=code, hint=_hint_of(code)) from exc
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as exc:
        raise StackLostError(f"{doing}: the engine does not answer ({exc})") from exc
    except botocore.exceptions.BotoCoreError as exc:
        code = type(exc).__name__
        raise AwsError(f"{doing}: {exc}", code=code, hint=_hint_of(code)) from exc


def _hint_of(code: str) -> str | None:
    """Return the fix for credentials that have ended, as those of a role or of SSO do."""
    return (
        "the credentials have ended: log in again (aws sso login), then repeat this"
        if code in _ENDED
        else None
    )
