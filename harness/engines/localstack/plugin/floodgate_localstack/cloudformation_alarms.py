"""`AWS::CloudWatch::Alarm`: a threshold that comes from a parameter is a number.

CloudFormation hands every parameter on as text and turns it into what the property is. LocalStack does so for
most types, not for this one, and CloudWatch then refuses the alarm.
"""

from __future__ import annotations

from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


def with_number(model: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an alarm with its threshold as a number."""
    threshold = model.get("Threshold")
    return {**model, "Threshold": float(threshold)} if isinstance(threshold, str) else model


@named_patch("alarm-thresholds-from-parameters")
def apply() -> None:
    from localstack.services.cloudwatch.resource_providers.aws_cloudwatch_alarm import (
        CloudWatchAlarmProvider,
    )

    def create(self: Any, request: Any) -> Any:
        request.desired_state = with_number(request.desired_state)
        return original(self, request)

    original = replace(CloudWatchAlarmProvider, "create", create)
