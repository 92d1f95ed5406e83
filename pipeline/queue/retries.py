"""Makes failed messages visible again early, with a growing delay.

The queue's visibility timeout must be long (AWS: six times the function's timeout), because a function that
dies keeps its messages for that time. A message that has failed in an orderly way need not wait so long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common.events import Delivery
from pipeline.common.settings import QueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_MAX_ENTRIES = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html

logger = Logger(child=True)


class Retries:
    """The work queue, as far as failed messages go."""

    def __init__(self, sqs: SQSClient, settings: QueueSettings) -> None:
        self._sqs = sqs
        self._settings = settings

    def soon(self, failed: Sequence[Delivery]) -> None:
        """Set each message's delay by its receive count; a message group waits for its first.

        It is only a matter of speed: where it does not work, messages come back with the visibility timeout.
        """
        delays = list(zip(failed, self._delays_s(failed), strict=True))
        for start in range(0, len(failed), _MAX_ENTRIES):
            try:
                self._change(delays[start : start + _MAX_ENTRIES])
            except (ClientError, BotoCoreError) as exc:
                logger.warning("Failed messages wait for the visibility timeout", exc_info=exc)

    def _delays_s(self, failed: Sequence[Delivery]) -> Iterator[int]:
        first_of_group: dict[str, Delivery] = {}
        for delivery in failed:
            decides = first_of_group.setdefault(delivery.group, delivery) if delivery.group else delivery
            yield self._settings.retry_delay_s(decides.receive_count)

    def _change(self, delays: Sequence[tuple[Delivery, int]]) -> None:
        answer = self._sqs.change_message_visibility_batch(
            QueueUrl=self._settings.work_queue_url,
            Entries=[
                {
                    "Id": str(number),
                    "ReceiptHandle": delivery.receipt_handle,
                    "VisibilityTimeout": delay_s,
                }
                for number, (delivery, delay_s) in enumerate(delays)
            ],
        )
        if refused := answer.get("Failed"):
            logger.warning("Failed messages wait for the visibility timeout", extra={"refused": refused})
