"""What a mapping of a FIFO queue may be configured with.

sqs-mapping-fifo-limits   LocalStack takes batches of more than ten and a batching window, which AWS refuses

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_MOST_FIFO_MESSAGES = 10


def fifo_problem(request: Mapping[str, Any]) -> str | None:
    """Return what AWS refuses in the request for a mapping; None where it is no FIFO queue's or is fine."""
    if not str(request.get("EventSourceArn", "")).endswith(".fifo"):
        return None
    if request.get("BatchSize", 0) > _MOST_FIFO_MESSAGES:
        return f"Batch size must not be greater than {_MOST_FIFO_MESSAGES} for a FIFO queue"
    if request.get("MaximumBatchingWindowInSeconds"):
        return "Batching window is not supported for FIFO queues"
    return None


@named_patch("sqs-mapping-fifo-limits")
def apply() -> None:
    from localstack.aws.api.lambda_ import InvalidParameterValueException
    from localstack.services.lambda_.provider import LambdaProvider

    def validate(self: Any, context: Any, request: Any) -> Any:
        if problem := fifo_problem(request):
            raise InvalidParameterValueException(problem, Type="User")
        return original(self, context, request)

    original = replace(LambdaProvider, "validate_event_source_mapping", validate)
