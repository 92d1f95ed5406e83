"""Puts retries and the dead-letter queue behind LocalStack's senders. Imports LocalStack when applied.

events-undelivered   DeadLetterConfig and RetryPolicy of a rule's target are ignored, a refused event is lost
"""

from __future__ import annotations

import json
import logging
from typing import Any

from floodgate_localstack.event_delivery.retries import AWS_AGE_S, AWS_RETRIES, Delivery, Retries, Undelivered
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)
_RETRIES = Retries()


@named_patch("events-undelivered")
def apply_undelivered() -> None:
    from localstack.services.events.target import TargetSender

    def process_event(self: Any, event: Any, trace_header: Any) -> None:
        try:
            original(self, event, trace_header)
        except Exception as exc:
            policy = self.target.get("RetryPolicy") or {}
            delivery = Delivery(
                send=lambda: original(self, dict(event), trace_header),
                give_up=lambda end: _give_up(self, event, end),
                most_retries=policy.get("MaximumRetryAttempts", AWS_RETRIES),
                longest_age_s=policy.get("MaximumEventAgeInSeconds", AWS_AGE_S),
            )
            _RETRIES.failed(delivery, exc)
            raise  # LocalStack counts and logs it

    original = replace(TargetSender, "process_event", process_event)


def _give_up(sender: Any, event: Any, end: Undelivered) -> None:
    """Send the event to the target's dead-letter queue; without one it is gone, as on AWS."""
    from floodgate_localstack.internal_calls import context_of, provider_of

    arn = (sender.target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        LOG.warning("An event for %s is lost: %s", sender.target["Arn"], end.failure.message)
        return
    _, _, _, region, account_id, name = arn.split(":", 5)
    try:
        provider_of("sqs").send_message(
            context_of("sqs", "SendMessage", account_id, region),
            name,
            json.dumps(event, default=str),
            message_attributes=_attributes(sender, end),
        )
    except Exception:
        LOG.exception("An event for %s did not reach its dead-letter queue %s", sender.target["Arn"], arn)


def _attributes(sender: Any, end: Undelivered) -> dict[str, dict[str, str]]:
    values = {
        "RULE_ARN": sender.rule_arn,
        "TARGET_ARN": sender.target["Arn"],
        "ERROR_CODE": end.failure.code,
        "ERROR_MESSAGE": end.failure.message,
        "RETRY_ATTEMPTS": str(end.retries),
    }
    if end.condition:
        values["EXHAUSTED_RETRY_CONDITION"] = end.condition
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def apply() -> None:
    apply_undelivered()
