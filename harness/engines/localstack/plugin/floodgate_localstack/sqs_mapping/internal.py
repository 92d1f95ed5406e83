"""LocalStack's queues and functions, called inside the process.

LocalStack's own poller goes through a boto client and the HTTP gateway for each receive, invoke and delete.
The calls here are the provider methods that the gateway would end in, with the same accounting (receive
counts, dead-letter queue, CloudWatch metrics, leases of concurrency).
"""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Any

from localstack.aws.api import RequestContext, ServiceException
from localstack.aws.api.lambda_ import InvocationType
from localstack.services.lambda_.api_utils import function_locators_from_arn
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import transform_into_events
from localstack.services.sqs.constants import HEADER_LOCALSTACK_SQS_OVERRIDE_MESSAGE_COUNT
from localstack.utils.aws.arns import parse_arn

from floodgate_localstack.internal_calls import context_of, provider_of
from floodgate_localstack.sqs_counts import visible_messages
from floodgate_localstack.sqs_mapping.batches import Message
from floodgate_localstack.sqs_mapping.mapping import Answer, InvokeFailedError, ThrottledError

_API_BATCH_SIZE = 10
_RETRIED_CODES = frozenset({"TooManyRequestsException", "ResourceConflictException"})
"""The second one: the function is being created or updated, which passes."""


class InternalQueue:
    """A queue by its ARN and URL. To be used by one receiving thread and any number of deleting ones."""

    def __init__(self, arn: str, url: str) -> None:
        parsed = parse_arn(arn)
        self._arn = arn
        self._url = url
        self._region: str = parsed["region"]
        self._account_id: str = parsed["account"]
        self._name: str = parsed["resource"]

    @cached_property
    def _provider(self) -> Any:
        return provider_of("sqs")

    @cached_property
    def _receive_context(self) -> RequestContext:
        return self._context()

    @cached_property
    def _delete_context(self) -> RequestContext:
        return self._context()

    @property
    def _queue(self) -> Any:
        return self._provider._require_queue(self._account_id, self._region, self._name)

    def receive(self, count: int, wait_s: float) -> list[Message]:
        context = self._receive_context
        if count > _API_BATCH_SIZE:
            context.request.headers[HEADER_LOCALSTACK_SQS_OVERRIDE_MESSAGE_COUNT] = str(count)
        else:
            context.request.headers.pop(HEADER_LOCALSTACK_SQS_OVERRIDE_MESSAGE_COUNT, None)
        answer = self._provider.receive_message(
            context,
            self._url,
            message_system_attribute_names=["All"],
            message_attribute_names=["All"],
            max_number_of_messages=min(count, _API_BATCH_SIZE),
            wait_time_seconds=wait_s,
        )
        messages = answer.get("Messages") or []
        return [
            self._message(message, event)
            for message, event in zip(messages, transform_into_events(messages), strict=True)
        ]

    def delete(self, messages: list[Message]) -> None:
        for start in range(0, len(messages), _API_BATCH_SIZE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt_handle}
                for number, message in enumerate(messages[start : start + _API_BATCH_SIZE])
            ]
            self._provider.delete_message_batch(self._delete_context, self._url, entries)

    def has_backlog(self) -> bool:
        return bool(visible_messages(self._queue))

    def visibility_timeout_s(self) -> float:
        return float(self._queue.visibility_timeout)

    def _message(self, message: dict[str, Any], event: dict[str, Any]) -> Message:
        # Source metadata comes last, as on AWS.
        event.update(eventSource="aws:sqs", eventSourceARN=self._arn, awsRegion=self._region)
        return Message(
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            event=event,
        )

    def _context(self) -> RequestContext:
        return context_of("sqs", "ReceiveMessage", self._account_id, self._region)


class InternalFunction:
    """A function by its ARN, with or without a qualifier."""

    def __init__(self, arn: str) -> None:
        name, qualifier, account_id, region = function_locators_from_arn(arn)
        self._name = name
        self._qualifier = qualifier
        self._account_id = account_id
        self._region = region

    @cached_property
    def _service(self) -> Any:
        return provider_of("lambda").lambda_service

    def invoke(self, payload: bytes) -> Answer:
        try:
            result = self._service.invoke(
                function_name=self._name,
                qualifier=self._qualifier,
                region=self._region,
                account_id=self._account_id,
                invocation_type=InvocationType.RequestResponse,
                client_context=None,
                request_id=str(uuid.uuid4()),
                payload=payload,
            )
        except ServiceException as exc:
            if exc.code in _RETRIED_CODES:
                raise ThrottledError(exc.code) from exc
            raise InvokeFailedError(f"{exc.code}: {exc}") from exc
        return Answer(result.payload, result.is_error)
