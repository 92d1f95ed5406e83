"""The Copy task of route `direct`: claims, copies, ends the row."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copier
from pipeline.workflow.copying import Copy
from pipeline.workflow.settings import DeliverySettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
settings = DeliverySettings.from_environment(os.environ)
s3 = boto3.client("s3", config=config(settings, connections=settings.part_concurrency + 1))
task = Copy(
    s3=s3,
    copier=Copier(s3, settings, ThreadPoolExecutor(settings.part_concurrency, "part")),
    table=RecordTable(boto3.client("dynamodb", config=config(settings)), settings),
    settings=settings,
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Entry point of the function."""
    return task.run(event, context.get_remaining_time_in_millis() / 1000, context.aws_request_id)
