"""How many messages a queue can hand out, whatever LocalStack calls it. Imports nothing of LocalStack."""

from __future__ import annotations

from typing import Any

_NAMES = ("approx_number_of_messages", "approximate_number_of_messages")
"""In 4.9.2 and in 4.14.0."""


def visible_messages(queue: Any) -> int:
    """Return how many messages a receive could get now.

    :raises AttributeError: this LocalStack calls it by yet another name
    """
    name = next((name for name in _NAMES if hasattr(queue, name)), _NAMES[-1])
    return int(getattr(queue, name))
