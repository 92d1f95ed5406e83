"""The Lambda function behind the work queue: copies each upload and writes its row.

One invocation takes a batch of SQS messages. Its files are copied side by side, their rows written together,
and the messages of those that failed are returned as `batchItemFailures`, made visible again after a short
delay, so that SQS tries them again and in the end moves them to the dead-letter queue.

Clients are made when this module is imported, because Lambda gives a whole core to that phase.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.common.settings import WorkerSettings
from pipeline.queue.service import TransferService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
service = TransferService(WorkerSettings.from_environment(os.environ))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    return service.handle(
        event, context.get_remaining_time_in_millis() / 1000, claimed_by=context.aws_request_id
    )
