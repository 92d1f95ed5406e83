"""The function behind the rule on broken uploads: keeps what has arrived of them from being delivered."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.quarantine.evidence import Evidence
from pipeline.quarantine.quarantining import Quarantine
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.records.single import RecordTable
from pipeline.transfer.withdrawing import Withdrawal

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = QuarantineSettings.from_environment(os.environ)
s3 = boto3.client("s3", config=config(settings, connections=settings.part_concurrency + 1))
task = Quarantine(
    s3=s3,
    table=RecordTable(boto3.client("dynamodb", config=config(settings)), settings),
    evidence=Evidence(
        s3,
        Withdrawal(s3, settings.destination_bucket),
        settings,
        ThreadPoolExecutor(settings.part_concurrency, "part"),
    ),
    settings=settings,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    return task.run(event, context.get_remaining_time_in_millis() / 1000)
