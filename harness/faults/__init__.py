"""Faults that an engine is told to make: what the user writes, and how it gets to the engine.

grammar.py     text → rules, with all that is wrong in it at once
operations.py  which operations AWS has
rules.py       what a rule is
client.py      rules → engine, and how often each was met
"""

from harness.faults.client import add, apply, clear, listing, require_possible
from harness.faults.grammar import parse
from harness.faults.rules import Effect, FaultCount, FaultRule, Target

__all__ = [
    "Effect",
    "FaultCount",
    "FaultRule",
    "Target",
    "add",
    "apply",
    "clear",
    "listing",
    "parse",
    "require_possible",
]
