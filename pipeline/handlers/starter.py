"""The function behind the work queue of route `queued-nested`: starts an execution for each message."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.queue.retries import Retries
from pipeline.workflow.settings import StarterSettings
from pipeline.workflow.starting import Starter

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = StarterSettings.from_environment(os.environ)
starter = Starter(
    boto3.client("stepfunctions", config=config(settings)),
    Retries(boto3.client("sqs", config=config(settings)), settings),
    settings.state_machine_arn,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Entry point of the function."""
    return starter.handle(event)
