"""What becomes of S3's events on their way to EventBridge. Imports nothing of LocalStack.

AWS delivers them at least once, usually within seconds, in no certain order:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from floodgate_localstack.faults.layer import LAYER, FaultLayer
from floodgate_localstack.faults.rules import Rule

HOLD_S = 2.0
"""How long an event is held back for another one to overtake it."""
BEHIND_S = 0.5
"""How long it stays behind the other one, which LocalStack hands over to a thread before it has arrived."""

Send = Callable[[], None]


def _later(seconds: float, action: Send) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


class EventFaults:
    """Sends events, as the rules have it.

    :param later: calls something after so many seconds, in a thread of its own
    """

    def __init__(
        self,
        layer: FaultLayer,
        hold_s: float = HOLD_S,
        later: Callable[[float, Send], None] = _later,
    ) -> None:
        self._layer = layer
        self._later = later
        self._hold_s = hold_s
        self._held: list[Send] = []
        self._lock = threading.Lock()

    def deliver(self, bucket: str, key: str, send: Send) -> None:
        """Call `send` once, or otherwise."""
        rule = self._rule_for(bucket, key) if self._layer.events else None
        if rule is None:
            send()
        else:
            self._apply(rule, send)
        if self._held and (rule is None or rule.spec.effect != "reorder"):
            for held in self._taken():
                self._later(BEHIND_S, held)

    def _rule_for(self, bucket: str, key: str) -> Rule | None:
        return next(
            (rule for rule in self._layer.events if rule.meets_resource(f"{bucket}/{key}") and rule.hit()),
            None,
        )

    def _apply(self, rule: Rule, send: Send) -> None:
        effect = rule.spec.effect
        if effect == "duplicate":
            send()
            send()
        elif effect == "delay":
            self._later(rule.spec.seconds or 0.0, send)
        elif effect == "reorder":
            self._hold(send)
        elif effect != "drop":
            raise ValueError(f"events have no effect {effect!r}")

    def _hold(self, send: Send) -> None:
        with self._lock:
            self._held.append(send)
        self._later(self._hold_s, lambda: self._release(send))

    def _taken(self, only: Send | None = None) -> list[Send]:
        """Take out what is held: all of it, or one event if it is still there."""
        with self._lock:
            taken = [send for send in self._held if only is None or send is only]
            self._held = [send for send in self._held if send not in taken]
            return taken

    def _release(self, send: Send) -> None:
        """Let go what nothing has overtaken."""
        for held in self._taken(send):
            held()


EVENT_FAULTS = EventFaults(LAYER)
"""Those of this LocalStack."""
