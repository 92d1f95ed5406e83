"""`GET /_floodgate/calls`: how many AWS calls came through the gateway, by operation and by who made them.

Answer: `{"calls": {"s3.CopyObject": n}, "callers": {"<function>": {"s3.CopyObject": n}, "harness": {…}}}`.
`calls` leaves out the harness, whose reading is no part of the pipeline. A refused call counts, as it
does on AWS's bill; calls of LocalStack's services to each other do not: AWS makes those by itself.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

from floodgate_localstack.callers import CALLERS, HARNESS

PATH = "/_floodgate/calls"


class CallCounts:
    """Counts calls."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def add(self, caller: str, operation: str) -> None:
        """Count one call of `service.Operation`."""
        with self._lock:
            self._counts[caller, operation] += 1

    def to_json(self) -> dict[str, Any]:
        """Return the answer of the API."""
        with self._lock:
            counts = sorted(self._counts.items())
        callers: dict[str, dict[str, int]] = {}
        calls: Counter[str] = Counter()
        for (caller, operation), number in counts:
            callers.setdefault(caller, {})[operation] = number
            if caller != HARNESS:
                calls[operation] += number
        return {"calls": dict(calls), "callers": callers}


def apply() -> None:
    """Count from now on, and serve the API."""
    from localstack.aws.handlers import run_custom_response_handlers
    from localstack.http import Response
    from localstack.services.edge import ROUTER

    counts = CallCounts()

    def count(_chain: Any, context: Any, _response: Any) -> None:
        operation = context.operation
        if operation is not None and not context.is_internal_call:
            name = f"{context.service.service_name}.{operation.name}"
            counts.add(CALLERS.name_of(context.request.headers), name)

    run_custom_response_handlers.append(count)
    ROUTER.add(
        PATH,
        lambda _request, **_: Response(json.dumps(counts.to_json()), mimetype="application/json"),
        methods=["GET"],
    )
