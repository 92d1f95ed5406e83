"""The rules that are set now, by what they meet. Imports nothing of LocalStack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from floodgate_localstack.faults.rules import Rule, RuleSpec

Changed = Callable[["FaultLayer"], None]


class FaultLayer:
    """Holds the rules; whoever reads `operations`, `events` or `functions` gets a tuple that never changes.

    :param changed: called, under a lock, whenever the rules have changed
    """

    def __init__(self) -> None:
        self.operations: tuple[Rule, ...] = ()
        self.events: tuple[Rule, ...] = ()
        self.functions: tuple[Rule, ...] = ()
        self.listeners: list[Changed] = []
        self._rules: tuple[Rule, ...] = ()
        self._lock = threading.Lock()

    def replace(self, specs: Iterable[RuleSpec], seed: int) -> None:
        """Set these rules and no others."""
        with self._lock:
            self._set(tuple(Rule(spec, seed) for spec in specs))

    def add(self, specs: Iterable[RuleSpec], seed: int) -> None:
        """Set these rules, too."""
        with self._lock:
            self._set((*self._rules, *(Rule(spec, seed) for spec in specs)))

    def clear(self) -> dict[str, Any]:
        """Remove all rules and return their last counts."""
        with self._lock:
            last = self.to_json()
            self._set(())
            return last

    def to_json(self) -> dict[str, Any]:
        """Return all rules with their counts."""
        return {"rules": [rule.to_json() for rule in self._rules]}

    def _set(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self.operations = tuple(rule for rule in rules if rule.spec.target == "operation")
        self.events = tuple(rule for rule in rules if rule.spec.target == "events")
        self.functions = tuple(rule for rule in rules if rule.spec.target == "function")
        for listener in self.listeners:
            listener(self)


LAYER = FaultLayer()
"""The one of this LocalStack."""
