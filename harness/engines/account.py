"""The engine `aws`: a real account, reached by the ordinary credential chain.

Profile, environment variables, SSO and roles work as in the AWS CLI, `AWS_ENDPOINT_URL` included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from harness.aws import translated
from harness.exceptions import AwsError, EnvironmentNotReadyError, StackLostError

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 8})
_HINT = "set up the AWS CLI first (aws configure, or aws sso login), and name a Region (AWS_REGION)"


@dataclass(frozen=True)
class Account:
    """An account and Region that the user's credentials give access to."""

    session: boto3.session.Session
    account_id: str
    region: str
    endpoint_url: str
    """Where its CloudFormation is: AWS, or what AWS_ENDPOINT_URL says."""

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        config = _CONFIG.merge(Config(s3={"addressing_style": "path"})) if self._is_elsewhere() else _CONFIG
        return self.session.client(service, config=config)  # type: ignore[call-overload]

    def __str__(self) -> str:
        where = f", at {self.endpoint_url}" if self._is_elsewhere() else ""
        return f"account {self.account_id}, {self.region}{where}"

    def _is_elsewhere(self) -> bool:
        """Tell whether this is not AWS itself; such endpoints have no name for each bucket."""
        return not self.endpoint_url.rstrip("/").endswith((".amazonaws.com", ".amazonaws.com.cn"))


def connect() -> Account:
    """Find out which account the user's credentials are of.

    :raises EnvironmentNotReadyError: there are no credentials, no Region, or AWS does not take them
    """
    try:
        with translated("asking AWS for the account"):
            session = boto3.session.Session()
            account_id = session.client("sts").get_caller_identity()["Account"]
            endpoint_url = session.client("cloudformation").meta.endpoint_url
    except (AwsError, StackLostError) as exc:
        raise EnvironmentNotReadyError(exc.message, hint=_HINT) from exc
    except botocore.exceptions.ProfileNotFound as exc:
        raise EnvironmentNotReadyError(str(exc), hint=_HINT) from exc
    return Account(session, account_id, str(session.region_name), endpoint_url)
