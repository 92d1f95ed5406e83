"""The Validate task: refuses by name and size, claims the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.records.single import RecordTable
from pipeline.workflow.settings import ValidateSettings
from pipeline.workflow.validating import Rules, Validate

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = ValidateSettings.from_environment(os.environ)
task = Validate(RecordTable(boto3.client("dynamodb", config=config(settings)), settings), Rules.of(settings))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Entry point of the function."""
    return task.run(event)
