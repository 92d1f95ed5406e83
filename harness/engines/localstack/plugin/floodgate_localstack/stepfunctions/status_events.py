"""EventBridge and Step Functions, each called by the other inside the process. Imports LocalStack.

sfn-status-events   "Execution Status Change" goes to EventBridge only where a rule could match it
events-to-states    a rule starts an execution without a boto client; an event without `id` starts one, too
"""

from __future__ import annotations

import json
import logging
import uuid
from functools import lru_cache
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.stepfunctions.kept_executions import GeneratedName
from floodgate_localstack.versions import named_patch

LOG = logging.getLogger(__name__)

_SOURCE = "aws.states"
_PATTERNS_KEPT = 256
_LONGEST_NAME = 80


@named_patch("sfn-status-events")
def apply_status_events() -> None:
    from localstack.services.stepfunctions.backend.execution import Execution

    def publish(self: Any) -> None:
        if _has_listener(self.account_id, self.region_name, str(self.exec_status)):
            original(self)

    original = replace(Execution, "publish_execution_status_change_event", publish)
    replace(Execution, "_get_events_client", lambda self: _EventBridge(self.account_id, self.region_name))


class _EventBridge:
    """The one method of a boto client that an execution uses."""

    def __init__(self, account_id: str, region: str) -> None:
        self._place = account_id, region

    def put_events(self, *, Entries: list[Any]) -> None:  # noqa: N803  (boto's name)
        from floodgate_localstack.internal_calls import context_of, provider_of

        provider_of("events").put_events(context_of("events", "PutEvents", *self._place), Entries)


def _has_listener(account_id: str, region: str, status: str) -> bool:
    from localstack.services.events.models import events_stores

    bus = events_stores[account_id][region].event_buses.get("default")
    return bus is not None and any(
        could_match(rule.event_pattern, status) for rule in list(bus.rules.values())
    )


@lru_cache(_PATTERNS_KEPT)
def could_match(pattern_text: str | None, status: str) -> bool:
    """Say whether a rule with this pattern could match an execution's event of this status, or not."""
    if not pattern_text:
        return False  # a rule with a schedule
    pattern = json.loads(pattern_text)
    detail = pattern.get("detail")
    statuses = detail.get("status") if isinstance(detail, dict) else None
    return _could_be(_SOURCE, pattern.get("source")) and _could_be(status, statuses)


def _could_be(value: str, allowed: Any) -> bool:
    """Only a list of plain values says no."""
    return not isinstance(allowed, list) or any(
        item == value or not isinstance(item, str) for item in allowed
    )


@named_patch("events-to-states")
def apply_events_to_states() -> None:
    from localstack.services.events.target import StatesTargetSender
    from localstack.services.events.utils import to_json_str

    from floodgate_localstack.internal_calls import context_of, provider_of

    def send_event(self: Any, event: Any, trace_header: Any) -> None:  # noqa: ARG001  (LocalStack's signature)
        self.service = "stepfunctions"
        context = context_of("stepfunctions", "StartExecution", self.target_account_id, self.target_region)
        text = event if isinstance(event, str) else to_json_str(event)
        provider_of("stepfunctions").start_execution(
            context, self.target["Arn"], name=_name_for(event), input=text
        )

    replace(StatesTargetSender, "send_event", send_event)


def _name_for(event: Any) -> GeneratedName:
    """Return a name as AWS's: the event's id where it has one, and a random part."""
    identity = event.get("id") if isinstance(event, dict) else None
    return GeneratedName(f"{identity or uuid.uuid4()}_{uuid.uuid4()}"[:_LONGEST_NAME])


def apply() -> None:
    apply_status_events()
    apply_events_to_states()
