"""The account that the user's credentials give access to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness import aws
from harness.engines.base import EngineInfo

SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecs",
    "events",
    "iam",
    "lambda",
    "logs",
    "pipes",
    "resourcegroupstaggingapi",
    "s3",
    "sns",
    "sqs",
    "stepfunctions",
    "sts",
    "transfer",
)
"""All that Floodgate asks, or has CloudFormation ask, in an account."""


@dataclass(frozen=True)
class Account:
    """An account and Region, at AWS or at what `AWS_ENDPOINT_URL` says instead."""

    info: EngineInfo

    @property
    def account_id(self) -> str:
        """Twelve digits."""
        return self.info.account_id

    @property
    def region(self) -> str:
        """Such as `us-east-1`."""
        return self.info.region

    @property
    def is_aws_itself(self) -> bool:
        """Whether it is AWS that answers, and so AWS that sends a bill."""
        return aws.is_aws_itself(self.info.endpoint_url)

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return aws.client(service, self.info)

    def __str__(self) -> str:
        where = "" if self.is_aws_itself else f", at {self.info.endpoint_url}"
        return f"account {self.account_id}, {self.region}{where}"


def connect() -> Account:
    """Find out which account the user's credentials are of.

    :raises EnvironmentNotReadyError: there are no credentials, no Region, or AWS does not take them; or some
        services are AWS's and others are not
    """
    info = aws.account_of(aws.user_session())
    aws.require_one_side(info, SERVICES)
    return Account(info)
