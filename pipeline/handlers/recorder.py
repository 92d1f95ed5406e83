"""The Lambda function behind the recorder's queue: makes the row of each upload, many in one call.

It never writes over a row: where a worker was faster, that row stays. Settings: `RecorderSettings`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.common.settings import RecorderSettings
from pipeline.records.recorder import Recorder

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
recorder = Recorder.from_settings(RecorderSettings.from_environment(os.environ))


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function: a batch of SQS messages with events, reported item by item."""
    return {"batchItemFailures": [{"itemIdentifier": name} for name in recorder.record(event["Records"])]}
