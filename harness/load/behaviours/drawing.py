"""Which file is of which kind: drawn by the seed, from a stream of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.load.behaviours.model import Behaviour
from harness.load.ledger_format import DEFAULT_KIND
from harness.load.randomness import stream


def kinds(behaviours: Sequence[Behaviour], seed: int) -> Iterator[str]:
    """Return the endless stream of kinds, one for each file in sequence."""
    rng = stream(seed, "behaviours")
    while True:
        position = rng.random()
        yield _kind_at(behaviours, position)


def _kind_at(behaviours: Sequence[Behaviour], position: float) -> str:
    for behaviour in behaviours:
        if position < behaviour.share:
            return behaviour.kind
        position -= behaviour.share
    return DEFAULT_KIND
