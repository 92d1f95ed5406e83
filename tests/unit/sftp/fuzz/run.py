"""Many hostile sessions, one after the other, on servers that are renewed now and then."""

from __future__ import annotations

import asyncio
import resource
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.sftp.fuzz.mutations import Mutator
from tests.unit.sftp.fuzz.target import Target

SESSIONS_PER_SERVER = 200
KIB = 1024


@dataclass
class Count:
    """What a run did. Answers by SFTP type."""

    sessions: int = 0
    packets: int = 0
    answers: dict[int, int] = field(default_factory=dict)
    early_peak_mib: float = 0.0
    peak_mib: float = 0.0


class HostileSessionError(AssertionError):
    """Something did not hold; the message says how to see it again."""


def run(seed: int, packets: int) -> Count:
    """Send at least so many packets.

    :raises HostileSessionError: with the first session after which something did not hold
    """
    mutator, count = Mutator(seed), Count()
    while count.packets < packets:
        setting = ("keep", "discard")[count.sessions // SESSIONS_PER_SERVER % 2]
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_serve(mutator, Target(Path(folder), setting), count, seed, packets))
        count.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
        count.early_peak_mib = count.early_peak_mib or count.peak_mib
    return count


async def _serve(mutator: Mutator, target: Target, count: Count, seed: int, packets: int) -> None:
    before = count.packets
    for _ in range(SESSIONS_PER_SERVER):
        pieces = mutator.pieces(mutator.session())
        try:
            await target.session(pieces)
        except Exception as exc:
            raise HostileSessionError(f"seed {seed}, session {count.sessions}: {exc!r}") from exc
        count.sessions += 1
        count.packets = before + target.packets
        if count.packets >= packets:
            break
    for kind, number in target.answers.items():
        count.answers[kind] = count.answers.get(kind, 0) + number
    target.end()
