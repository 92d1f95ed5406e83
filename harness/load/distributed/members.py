"""The workers of a run, as their master knows them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.load.distributed import neighbours
from harness.load.distributed.shipping import Inbox

LOST_AFTER_S = 12.0
"""A worker that is silent for so long does not come back: Locust's heartbeat comes every second."""
_LAST_WORDS_S = 1.0
"""How long what a process said before its end may take to be read."""


class State(StrEnum):
    """How far a worker is."""

    JOINED = "joined"
    """It has its job."""
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    """Its whole ledger is here."""
    FAILED = "failed"
    """It cannot do its job."""
    LOST = "lost"


@dataclass
class Member:
    """One worker."""

    client_id: str
    """Locust's name for it."""
    shard: int
    host: str
    pid: int
    is_neighbour: bool = False
    """Its process id is one of this machine's."""
    state: State = State.JOINED
    inbox: Inbox | None = None
    """From the start of the load."""
    failure: tuple[int, str] | None = None
    """Exit code and message of what keeps it from its job."""
    heard_at: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """What its ledger is called."""
        return str(self.shard + 1)

    @property
    def over(self) -> bool:
        """Nothing more is to come."""
        return self.state in (State.DONE, State.LOST)

    @property
    def gone(self) -> bool:
        """It has ended, or nothing was heard of it for so long that it is given up."""
        silent_s = time.monotonic() - self.heard_at
        if silent_s > _LAST_WORDS_S and self.is_neighbour and neighbours.has_ended(self.pid):
            return True
        return silent_s > LOST_AFTER_S

    def told(self) -> dict[str, Any]:
        """Return what `master.json` says of it."""
        return {"worker": self.name, "host": self.host, "pid": self.pid, "state": self.state.value}
