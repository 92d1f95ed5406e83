"""A fault rule: what it meets, which of that it changes, how often it did. Imports nothing of LocalStack."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

_TARGETS = frozenset({"operation", "events", "function"})


class BadRuleError(ValueError):
    """What was sent is no rule."""


@dataclass(frozen=True)
class RuleSpec:
    """What a rule is made of; the meaning of the fields is that of `harness.faults.rules.FaultRule`."""

    text: str
    target: str
    service: str
    name: str
    effect: str
    share: float = 1.0
    from_s: float = 0.0
    to_s: float | None = None
    where: str | None = None
    code: str | None = None
    seconds: float | None = None
    after_write: bool = False

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RuleSpec:
        """Read a rule as the harness sends it.

        :raises BadRuleError: a field is missing, unknown or of the wrong kind
        """
        try:
            spec = cls(**document)
            whole = spec.target in _TARGETS and 0 < float(spec.share) <= 1 and float(spec.from_s) >= 0
        except (TypeError, ValueError) as exc:
            raise BadRuleError(f"no rule: {exc}") from exc
        if not whole:
            raise BadRuleError(f"no rule: target {spec.target!r}, share {spec.share!r}, from {spec.from_s!r}")
        return spec


class Rule:
    """A rule that is set.

    Which of what it meets it changes depends on seed and text only: of the first n the same ones in each run.

    :param clock: seconds; the rule's time window counts from now on it
    """

    def __init__(self, spec: RuleSpec, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.spec = spec
        self.matched = 0
        self.hits = 0
        self._random = random.Random(f"{seed}:{spec.text}")  # noqa: S311  (nothing secret)
        self._clock = clock
        self._set_at = clock()
        self._lock = threading.Lock()

    def meets_operation(self, service: str, operation: str) -> bool:
        """Tell whether calls of this operation are its matter."""
        return self.spec.service == service and self.spec.name == operation

    def meets_function(self, name: str) -> bool:
        """Tell whether this function is its matter: by its name, or by the last part of it after a hyphen."""
        return name == self.spec.name or name.endswith(f"-{self.spec.name}")

    def meets_resource(self, name: str) -> bool:
        """Tell whether a resource is, e.g. `bucket/key`; a pattern without a slash means whole buckets."""
        pattern = self.spec.where
        if pattern is None:
            return True
        return fnmatchcase(name if "/" in pattern else name.partition("/")[0], pattern)

    def hit(self) -> bool:
        """Draw whether it changes what it has just met, and count."""
        age_s = self._clock() - self._set_at
        if age_s < self.spec.from_s or (self.spec.to_s is not None and age_s >= self.spec.to_s):
            return False
        with self._lock:
            self.matched += 1
            hit = self._random.random() < self.spec.share
            self.hits += hit
            return hit

    def to_json(self) -> dict[str, Any]:
        """Return its text and its counts."""
        return {"text": self.spec.text, "matched": self.matched, "hits": self.hits}
