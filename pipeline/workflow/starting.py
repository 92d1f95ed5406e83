"""Starter: starts one execution for each message of the work queue, in the order of the batch.

The execution's name is the `file_id`, and a name can be used once (for 90 days), so a message that comes
twice starts nothing: `ExecutionAlreadyExists` means that it has been handled. The row is Validate's to
write; what SQS says about the message goes along in the input.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common.events import Delivery, MalformedRecordError, parse_delivery, parse_upload
from pipeline.queue.retries import Retries
from pipeline.workflow import inputs

logger = Logger(child=True)


@dataclass(frozen=True)
class Starter:
    """The function.

    :param sfn: client of Step Functions
    """

    sfn: Any
    retries: Retries
    state_machine_arn: str

    def handle(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Handle one batch; return the answer that Lambda's event source mapping expects."""
        failed = self._start_all(event["Records"])
        self.retries.soon(failed)
        return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}

    def _start_all(self, records: Sequence[Mapping[str, Any]]) -> list[Delivery]:
        """Return what must come again: what failed and, in a FIFO queue, all that follows it in its group."""
        failed: list[Delivery] = []
        held_groups: set[str] = set()
        for record in records:
            delivery = parse_delivery(record)
            if delivery.group in held_groups or not self._start(record["body"], delivery):
                failed.append(delivery)
                if delivery.group:
                    held_groups.add(delivery.group)
        return failed

    def _start(self, body: str, delivery: Delivery) -> bool:
        extra = {"message_id": delivery.message_id, "receive_count": delivery.receive_count}
        try:
            upload = parse_upload(body)
        except MalformedRecordError as exc:
            logger.error("Malformed message", extra={**extra, "reason": str(exc), "body": body[:500]})
            return False
        if upload.is_directory_marker:
            return True
        event = json.loads(body) | {"delivery": inputs.delivery_fields(delivery)}
        try:
            self.sfn.start_execution(
                stateMachineArn=self.state_machine_arn, name=upload.file_id, input=json.dumps(event)
            )
        except self.sfn.exceptions.ExecutionAlreadyExists:
            logger.info("Handled already", extra={**extra, "file_id": upload.file_id})
        except (ClientError, BotoCoreError) as exc:
            logger.error("Execution not started", extra={**extra, "file_id": upload.file_id}, exc_info=exc)
            return False
        return True
