"""The Lambda function in the middle of the Pipe: tells customer and upload of each event.

It takes the Pipe's batch of SQS messages and returns one object for each that goes on, with what the target
needs: `customer_id` as message group, `file_id` as deduplication id, and the event itself as `event`. Events
that concern no file (directory markers) go no further. A message that is no S3 event does: refused here, it
would hold up the whole batch; the worker refuses it alone, and it ends in the dead-letter queue.
https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from pipeline.common import identity
from pipeline.common.events import MalformedRecordError, read_upload

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

UNKNOWN_CUSTOMER = "unknown"
_GROUP = re.compile(r"[!-~]{1,128}")
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""

logger = Logger()


@logger.inject_lambda_context
def handler(event: list[dict[str, Any]], _context: LambdaContext) -> list[dict[str, Any]]:
    """Entry point of the function."""
    return list(_enriched(event))


def _enriched(records: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in records:
        event, customer_id, file_id = _parsed(record["body"]), UNKNOWN_CUSTOMER, record["messageId"]
        try:
            upload = read_upload(event)
        except MalformedRecordError as exc:
            logger.error("Malformed message", extra={"message_id": file_id, "reason": str(exc)})
        else:
            if upload.is_directory_marker:
                continue
            customer_id, file_id = _group(upload.key), upload.file_id
        yield {"customer_id": customer_id, "file_id": file_id, "event": event}


def _parsed(body: str) -> Any:
    """Return the event as an object, so that the target's template needs no text with JSON in it.

    A body that is no JSON stays text.
    """
    try:
        return json.loads(body)
    except ValueError:
        return body


def _group(key: str) -> str:
    """Return the customer, or a hash of the name where SQS does not allow it as a message group."""
    customer_id = identity.customer_id(key)
    if _GROUP.fullmatch(customer_id):
        return customer_id
    return f"sha256-{hashlib.sha256(customer_id.encode()).hexdigest()}"
