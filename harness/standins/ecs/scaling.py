"""Target tracking: how many tasks a service is to have.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.standins.ecs.expression import Value

_SCALE_IN_BELOW = 0.9
"""AWS scales in when the metric is clearly below the target. The alarm that it makes stands at 90 % of it."""


@dataclass(frozen=True)
class TargetTracking:
    """A target tracking policy and the limits of its scalable target."""

    target: float
    min_capacity: int
    max_capacity: int
    scale_out_cooldown_s: float = 0.0
    scale_in_cooldown_s: float = 0.0
    scale_in: bool = True
    """False: `DisableScaleIn`."""

    def wanted(self, running: int, value: Value) -> int:
        """Return the capacity that would bring the metric to its target, within the limits.

        The metric is taken as inversely proportional to capacity, as AWS takes it. Without a value, or
        while it is near the target, capacity stays.
        """
        capacity = running
        if value is not None and (value > self.target or (self.scale_in and value < self._low())):
            capacity = math.ceil(max(running, 1) * value / self.target)
        return min(max(capacity, self.min_capacity), self.max_capacity)

    def _low(self) -> float:
        return self.target * _SCALE_IN_BELOW


class Cooldowns:
    """Remembers when capacity was last changed. Times are in seconds of any one clock."""

    def __init__(self, rule: TargetTracking) -> None:
        self._rule = rule
        self._last_s = -math.inf

    def decide(self, desired: int, wanted: int, now_s: float) -> int:
        """Return the new desired count: `wanted`, or what it was while a cooldown lasts.

        A scale-in waits for its cooldown after any change, so that it never takes back at once what a
        scale-out has just added. Limits hold at once.
        """
        least, most = self._rule.min_capacity, self._rule.max_capacity
        cooldown_s = self._rule.scale_out_cooldown_s if wanted > desired else self._rule.scale_in_cooldown_s
        if wanted == desired or (least <= desired <= most and now_s - self._last_s < cooldown_s):
            return desired
        self._last_s = now_s
        return wanted
