"""The Validate task: refuses by name and size, claims the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.records.single import RecordTable
from pipeline.workflow import clients
from pipeline.workflow.settings import ValidateSettings
from pipeline.workflow.validating import Rules, Validate

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = ValidateSettings.from_environment(os.environ)
task = Validate(RecordTable(clients.make("dynamodb", settings), settings), Rules.of(settings))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Entry point of the function."""
    return task.run(event)
