"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import random


def stream(seed: int, purpose: str) -> random.Random:
    """Return the generator for one purpose, such as `sizes`; drawing from it disturbs no other.

    Only `random()` may be drawn where the result must be the same with every version of Python.
    """
    return random.Random(f"{seed}/{purpose}")  # noqa: S311  (not for secrets)
