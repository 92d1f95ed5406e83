"""The Notify task: publishes results, records failures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.records.single import RecordTable
from pipeline.workflow.notifying import Notify
from pipeline.workflow.settings import NotifySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = NotifySettings.from_environment(os.environ)
task = Notify(
    boto3.client("sns", config=config(settings)),
    RecordTable(boto3.client("dynamodb", config=config(settings)), settings),
    settings,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Entry point of the function."""
    return task.run(event)
