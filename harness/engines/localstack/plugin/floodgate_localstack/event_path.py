"""S3 → EventBridge → SQS inside the process: one named patch for each of the two steps.

    s3-to-events        an S3 event is handed to EventBridge's provider
    events-to-sqs       an event for a queue is handed to SQS's provider

LocalStack makes both calls with boto clients, which was about a third of what a put with a rule costs.
"""

from __future__ import annotations

import logging
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)


@named_patch("s3-to-events")
def apply_s3_to_events() -> None:
    from localstack.services.s3.notifications import EventBridgeNotifier

    from floodgate_localstack.faults.events import EVENT_FAULTS
    from floodgate_localstack.internal_calls import context_of, provider_of

    def notify(self: Any, ctx: Any, config: Any) -> None:  # noqa: ARG001  (LocalStack's signature)
        entry = self._get_event_payload(ctx)
        account_id, region, bucket = ctx.bucket_account_id, ctx.bucket_location, ctx.bucket_name

        def send() -> None:
            context = context_of("events", "PutEvents", account_id, region)
            try:
                provider_of("events").put_events(context, [entry])
            except Exception:
                LOG.exception("The event of bucket %s did not reach EventBridge", bucket)

        EVENT_FAULTS.deliver(bucket, getattr(ctx, "floodgate_key", ctx.key_name), send)

    replace(EventBridgeNotifier, "notify", notify)


@named_patch("events-to-sqs")
def apply_events_to_sqs() -> None:
    from localstack.services.events.target import SqsTargetSender
    from localstack.services.events.utils import to_json_str

    from floodgate_localstack.internal_calls import context_of, provider_of

    def send_event(self: Any, event: Any, trace_header: Any) -> None:
        if self.target.get("RoleArn"):
            original(self, event, trace_header)
            return
        provider_of("sqs").send_message(
            context_of("sqs", "SendMessage", self.target_account_id, self.target_region),
            self.target["Arn"].rsplit(":", 1)[-1],  # a name is as good as a URL within one account and Region
            to_json_str(event),
            message_group_id=self.target.get("SqsParameters", {}).get("MessageGroupId"),
        )

    original = replace(SqsTargetSender, "send_event", send_event)


def apply() -> None:
    apply_s3_to_events()
    apply_events_to_sqs()
