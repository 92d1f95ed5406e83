"""`GET /_floodgate/lambda`: how many Lambda environments there are, by what they do. Imports LocalStack late.

Answer: `{"pending": n, "starting": n, "idle": n, "busy": n}`; `pending` are those that are to be started
ahead of time (FLOODGATE_LAMBDA_PREWARM) and are not there yet, whether or not their start has begun.
"""

from __future__ import annotations

import json
import weakref
from collections import Counter
from typing import Any, Protocol

PATH = "/_floodgate/lambda"


class Source(Protocol):
    """Has environments."""

    def counts(self) -> dict[str, int]:
        """Return their number by what they do."""


class EnvironmentCounts:
    """Adds up what all sources have."""

    def __init__(self) -> None:
        self._sources: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, source: Source) -> None:
        """Count its environments for as long as it lives."""
        self._sources.add(source)

    def to_json(self) -> dict[str, int]:
        """Return the answer of the API."""
        total = Counter({"pending": 0, "starting": 0, "idle": 0, "busy": 0})
        for source in list(self._sources):
            total.update(source.counts())
        return dict(total)


ENVIRONMENTS = EnvironmentCounts()
"""Of this LocalStack."""


def serve() -> None:
    """Serve the API."""
    from localstack.http import Response
    from localstack.services.edge import ROUTER

    ROUTER.add(
        PATH,
        lambda _request, **_: Response(json.dumps(ENVIRONMENTS.to_json()), mimetype="application/json"),
        methods=["GET"],
    )
