"""Counting the calls that measuring itself makes, so that they are not taken for the pipeline's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Calls = Mapping[str, int]
"""`s3.CopyObject` and the like to how often it was called."""


class OwnCalls:
    """Counts what is sent through the clients that it watches, retries too."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def watch(self, client: Any) -> Any:
        """Count the calls of a boto3 client from now on; return it."""
        service = client.meta.service_model.service_name

        def count(event_name: str, **_: Any) -> None:
            self.counts[f"{service}.{event_name.rpartition('.')[2]}"] += 1

        client.meta.events.register("before-send.*", count)
        return client


def difference(before: Calls | None, after: Calls | None, own: Calls) -> dict[str, int] | None:
    """Return what was called in between, without our own calls; `None` where the engine does not count."""
    if before is None or after is None:
        return None
    names = sorted(after)
    called = {name: after[name] - before.get(name, 0) - own.get(name, 0) for name in names}
    return {name: count for name, count in called.items() if count > 0}
