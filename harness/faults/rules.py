"""What a fault rule is, and its form on the way to the engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Target(StrEnum):
    """What a rule meets."""

    OPERATION = "operation"
    """Calls of one operation of AWS's API that reach the engine over HTTP."""
    EVENTS = "events"
    """Events that S3 hands to EventBridge."""
    FUNCTION = "function"
    """Invocations of one Lambda function, whoever invokes it."""


class Effect(StrEnum):
    """What a rule does to what it meets."""

    CODE = "code"
    """The call is refused with an error code of AWS, before it has done anything."""
    DELAY = "delay"
    """It happens, but later."""
    DUPLICATE = "duplicate"
    """The event is delivered twice."""
    REORDER = "reorder"
    """The event is held back until the next one has gone, or for two seconds."""
    DROP = "drop"
    """The event is lost. AWS does not do that: it shows that a loss is found."""
    KILL = "kill"
    """The function's process is killed in the middle of the invocation."""
    ERROR = "error"
    """The invocation fails before the handler runs."""
    THROTTLE = "throttle"
    """The invocation is refused with TooManyRequestsException."""


@dataclass(frozen=True)
class FaultRule:
    """One fault. Times count from the moment in which the engine takes the rule.

    :param text: as the user wrote it
    :param service: AWS's name of the service in the SDK, e.g. `s3`; `lambda` for a function
    :param name: the operation; `events`; or a function's name or the last part of it (`worker`)
    :param where: only for resources whose name matches, `*` standing for anything: in S3 `bucket` or
        `bucket/key`, elsewhere the name of the table, queue, function, topic or state machine; None for all
    :param code: error code, where the effect is one
    :param seconds: how long a delay is, or into the invocation a kill
    :param after_write: kill after the first write to S3 of the invocation
    :param share: of what the rule meets, from 0 (exclusive) to 1
    :param to_s: None is never
    """

    text: str
    target: Target
    service: str
    name: str
    effect: Effect
    share: float = 1.0
    from_s: float = 0.0
    to_s: float | None = None
    where: str | None = None
    code: str | None = None
    seconds: float | None = None
    after_write: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the form that the engine's plugin reads."""
        return asdict(self)


@dataclass(frozen=True)
class FaultCount:
    """How often a rule that is set was met.

    :param matched: what it met inside its time window
    :param hits: how many of those it changed
    """

    text: str
    matched: int
    hits: int
