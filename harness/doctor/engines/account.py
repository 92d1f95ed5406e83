"""AWS credentials: where they would come from, asking nobody; with `--engine aws`, whose they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore.exceptions
import botocore.session
from boto3.session import Session
from botocore.config import Config

from harness import aws
from harness.doctor.finding import Finding, failed, note, ok
from harness.engines.aws.account import Account
from harness.engines.aws.allowed import require_allowed
from harness.exceptions import EnvironmentNotReadyError, UsageError

_SHORT = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "the role of this ECS task",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "the address in AWS_CONTAINER_CREDENTIALS_FULL_URI",
}
_SETTINGS = {
    "aws_access_key_id": "keys",
    "sso_session": "IAM Identity Center",
    "sso_start_url": "IAM Identity Center",
    "role_arn": "a role",
    "credential_process": "a program",
    "web_identity_token_file": "a web identity",
}
_FIX = "set up the AWS CLI first: aws configure, or aws sso login"


def credentials(env: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Tell where credentials would come from. Nobody is asked: no network, no program of a profile."""
    source = source_of(env, _profiles())
    if source:
        yield ok("aws.credentials", f"credentials from {source}", source=source)
    else:
        summary = "no AWS credentials in variables or profiles (those of an EC2 instance are not looked for)"
        yield failed("aws.credentials", summary, fix=_FIX)


def source_of(env: Mapping[str, str], profiles: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return where the chain of AWS's SDKs finds credentials first; None where nowhere.

    https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """
    profile = env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE")
    if not profile and env.get("AWS_ACCESS_KEY_ID"):
        return _VARIABLES["AWS_ACCESS_KEY_ID"]
    name = profile or "default"
    if kinds := [kind for setting, kind in _SETTINGS.items() if setting in profiles.get(name, {})]:
        return f"the profile {name!r} ({kinds[0]})"
    return next((source for variable, source in _VARIABLES.items() if env.get(variable)), None)


def whose(session: Callable[[], Session] | None = None) -> Iterator[Finding]:
    """Ask AWS whose the credentials are, and the user's list whether that account may be used."""
    try:
        account = Account(aws.account_of((session or _session)()))
    except EnvironmentNotReadyError as exc:
        yield failed("aws.account", exc.message, fix=exc.hint or _FIX)
        return
    yield ok("aws.account", f"AWS says: {account}", account_id=account.account_id, region=account.region)
    try:
        require_allowed(account)
    except (EnvironmentNotReadyError, UsageError) as exc:
        yield failed("aws.allowed", exc.message, fix=exc.hint or _FIX)
    else:
        yield ok("aws.allowed", "Floodgate may create stacks in this account")


def not_asked() -> Iterator[Finding]:
    """Say that nobody was asked."""
    yield note("aws.account", "AWS was not asked whose they are", fix="floodgate doctor --engine aws asks")


def _session() -> Session:
    """Return a session of the user's with little patience.

    :raises EnvironmentNotReadyError: there is no such profile
    """
    core = botocore.session.get_session()
    core.set_default_client_config(_SHORT)
    try:
        return Session(botocore_session=core, region_name=os.environ.get("AWS_REGION"))
    except botocore.exceptions.ProfileNotFound as exc:
        raise EnvironmentNotReadyError(str(exc), hint=_FIX) from exc


def _profiles() -> Mapping[str, Mapping[str, Any]]:
    """Return all profiles of the user's files; empty where these cannot be read."""
    try:
        profiles: Mapping[str, Mapping[str, Any]] = botocore.session.Session().full_config["profiles"]
    except (botocore.exceptions.BotoCoreError, OSError):
        return {}
    return profiles
