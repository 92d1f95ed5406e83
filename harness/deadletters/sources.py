"""Which queues hold what nobody works on any more, and where a message goes when it is brought back.

An event that reached no target goes to the queue that the rule would have handed it to. Where the rule starts
a state machine there is none, and the machine must be started by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FILES, INGRESS, EVENTS, RECORDER = "dlq", "ingress_dlq", "undelivered_events", "recorder_dlq"
MEANING = {
    FILES: "files that could not be transferred",
    INGRESS: "events that the Pipe could not hand over",
    EVENTS: "events that reached no target, or that the quarantine could not handle",
    RECORDER: "events that could not be recorded",
}
"""Roles of dead-letter queues in the stack's description, and what is in them."""


@dataclass(frozen=True)
class DeadLetterQueue:
    """A queue of dead letters.

    :param back_to: URL of the queue that its messages are brought back to; None: there is no such queue
    """

    role: str
    url: str
    back_to: str | None

    @property
    def has_source(self) -> bool:
        """Queues feed it by a redrive policy, so that SQS knows where each message came from."""
        return self.role != EVENTS

    @property
    def is_fifo(self) -> bool:
        return is_fifo(self.url)


def is_fifo(queue_url: str) -> bool:
    """Tell a FIFO queue by its name, which AWS makes end in `.fifo`."""
    return queue_url.endswith(".fifo")


def dead_letter_queues(queues: Mapping[str, str]) -> list[DeadLetterQueue]:
    """Return the dead-letter queues of a stack, each once.

    :param queues: role to URL, as in the stack's description
    """
    return [DeadLetterQueue(role, queues[role], _back_to(role, queues)) for role in MEANING if role in queues]


def _back_to(role: str, queues: Mapping[str, str]) -> str | None:
    if role == RECORDER:
        return queues.get("recorder")
    if role in (INGRESS, EVENTS):
        return queues.get("ingress") or queues.get("work")
    return queues.get("work") or queues.get("ingress")
