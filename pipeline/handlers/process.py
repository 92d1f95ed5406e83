"""The Process task: gzip, or a check of CSV."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.workflow.processing import Process
from pipeline.workflow.settings import ProcessSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = ProcessSettings.from_environment(os.environ)
task = Process(boto3.client("s3", config=config(settings)), settings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    return task.run(event, context.get_remaining_time_in_millis() / 1000)
