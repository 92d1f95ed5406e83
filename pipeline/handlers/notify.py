"""The Notify task: publishes results, records failures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.records.single import RecordTable
from pipeline.workflow import clients
from pipeline.workflow.notifying import Notify
from pipeline.workflow.settings import NotifySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = NotifySettings.from_environment(os.environ)
task = Notify(
    clients.make("sns", settings), RecordTable(clients.make("dynamodb", settings), settings), settings
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Entry point of the function."""
    return task.run(event)
