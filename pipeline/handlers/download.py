"""The Download task: size, SHA-256 and kind of content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.workflow.inspecting import Download
from pipeline.workflow.settings import DownloadSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = DownloadSettings.from_environment(os.environ)
task = Download(boto3.client("s3", config=config(settings)), settings)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    return task.run(event, context.get_remaining_time_in_millis() / 1000)
