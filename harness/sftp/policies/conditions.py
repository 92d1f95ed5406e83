"""The `Condition` element:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

All conditions of a statement must hold. Of the values of one condition key, one must match; of a negated
operator, none may. Every key that Transfer's sessions have holds one value, so a set operator
(`ForAllValues`, `ForAnyValue`) differs from none in what a missing key means.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from harness.sftp.policies.errors import MalformedPolicyError
from harness.sftp.policies.patterns import Kind, Pattern, Values, any_matches, compile_pattern

MakePattern = Callable[[str], Pattern]
Quantifier = Literal["", "ForAllValues", "ForAnyValue"]


@dataclass(frozen=True)
class Condition:
    """One operator on one condition key; `key` is in lower case, because names of keys have no case."""

    key: str
    patterns: tuple[Pattern, ...]
    is_negated: bool
    if_exists: bool
    quantifier: Quantifier

    def holds(self, context: Values) -> bool:
        value = context.get(self.key)
        if value is None:
            return self._holds_without_key()
        return any_matches(self.patterns, value, context) is not self.is_negated

    def _holds_without_key(self) -> bool:
        """A negated operator holds: https://docs.aws.amazon.com/IAM/latest/UserGuide/
        reference_policies_condition-logic-multiple-context-keys-or-values.html
        """
        if self.if_exists or self.quantifier == "ForAllValues":
            return True
        return self.is_negated and self.quantifier != "ForAnyValue"

    def is_resolvable(self, context: Values) -> bool:
        return all(pattern.is_resolvable(context) for pattern in self.patterns)


@dataclass(frozen=True)
class NullCondition:
    """`Null`: the key must be missing (`true`), or be there (`false`)."""

    key: str
    must_be_missing: bool

    def holds(self, context: Values) -> bool:
        return (self.key not in context) is self.must_be_missing

    def is_resolvable(self, context: Values) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True)
class _Parsed:
    """A value of the policy that was parsed (a number, a time, a network), and how to compare it."""

    wanted: Any
    parse: Callable[[str], Any]
    compare: Callable[[Any, Any], bool]

    def matches(self, text: str, variables: Values) -> bool:  # noqa: ARG002
        try:
            return self.compare(self.parse(text), self.wanted)
        except ValueError:
            return False

    def is_resolvable(self, variables: Values) -> bool:  # noqa: ARG002
        return True


@dataclass(frozen=True)
class _IgnoringCase:
    pattern: Pattern

    def matches(self, text: str, variables: Values) -> bool:
        lowered = {name: value.lower() for name, value in variables.items()}
        return self.pattern.matches(text.lower(), lowered)

    def is_resolvable(self, variables: Values) -> bool:
        return self.pattern.is_resolvable(variables)


def compile_conditions(
    element: object, *, with_variables: bool, filled: Values
) -> tuple[Condition | NullCondition, ...]:
    """Compile a statement's `Condition`.

    :raises MalformedPolicyError: an operator that IAM does not have, or a value that it cannot compare
    """
    if not isinstance(element, Mapping):
        raise MalformedPolicyError("Condition must be an object of operators")
    found: list[Condition | NullCondition] = []
    for name, keys in element.items():
        if not isinstance(keys, Mapping):
            raise MalformedPolicyError(f"Condition operator {name} must have an object of condition keys")
        found += [
            _compile(str(name), str(key), _texts(values), with_variables, filled)
            for key, values in keys.items()
        ]
    return tuple(found)


def _compile(
    name: str, key: str, texts: list[str], with_variables: bool, filled: Values
) -> Condition | NullCondition:
    quantifier, base, if_exists = _split(name)
    if base == "Null" and not if_exists and not quantifier:
        return NullCondition(key.lower(), must_be_missing=_one_boolean(texts))
    is_negated = base in _NEGATED
    make = _makers(with_variables, filled).get(_NEGATED.get(base, base))
    if make is None:
        raise MalformedPolicyError(f"unknown condition operator {name!r}")
    try:
        patterns = tuple(make(text) for text in texts)
    except ValueError as exc:
        raise MalformedPolicyError(f"{name} on {key} cannot compare {texts}: {exc}") from exc
    return Condition(key.lower(), patterns, is_negated, if_exists, quantifier)


def _split(name: str) -> tuple[Quantifier, str, bool]:
    quantifier: Quantifier = ""
    if name.startswith("ForAllValues:"):
        quantifier, name = "ForAllValues", name.removeprefix("ForAllValues:")
    elif name.startswith("ForAnyValue:"):
        quantifier, name = "ForAnyValue", name.removeprefix("ForAnyValue:")
    return quantifier, name.removesuffix("IfExists"), name.endswith("IfExists")


def _makers(with_variables: bool, filled: Values) -> dict[str, MakePattern]:
    """Return how a value of the policy becomes a pattern, by operator."""

    def text(kind: Kind) -> MakePattern:
        return lambda value: compile_pattern(value, kind, with_variables=with_variables, filled=filled)

    lowered = {name: value.lower() for name, value in filled.items()}
    return {
        "StringEquals": text(Kind.LITERAL),
        "StringLike": text(Kind.TEXT),
        "StringEqualsIgnoreCase": lambda value: _IgnoringCase(
            compile_pattern(value.lower(), Kind.LITERAL, with_variables=with_variables, filled=lowered)
        ),
        "ArnEquals": text(Kind.ARN),
        "ArnLike": text(Kind.ARN),
        "BinaryEquals": text(Kind.LITERAL),
        **_PARSED,
    }


def _parsed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> MakePattern:
    return lambda value: _Parsed(parse(value), parse, compare)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def _moment(text: str) -> datetime:
    """ISO 8601, or seconds since the epoch; a time without a zone is UTC."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _is_within(address: Any, network: Any) -> bool:
    return bool(address.version == network.version and address.subnet_of(network))


_PARSED: dict[str, MakePattern] = {
    "Bool": _parsed(_boolean, operator.eq),
    "IpAddress": _parsed(_network, _is_within),
    **{
        f"{kind}{name}": _parsed(parse, compare)
        for kind, parse in (("Numeric", float), ("Date", _moment))
        for name, compare in (
            ("Equals", operator.eq),
            ("LessThan", operator.lt),
            ("LessThanEquals", operator.le),
            ("GreaterThan", operator.gt),
            ("GreaterThanEquals", operator.ge),
        )
    },
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def _one_boolean(texts: Iterable[str]) -> bool:
    wanted = {text.lower() for text in texts}
    if wanted not in ({"true"}, {"false"}):
        raise MalformedPolicyError("Null takes either true or false")
    return wanted == {"true"}


def _texts(values: object) -> list[str]:
    """Return the values as texts: JSON's numbers and booleans are taken for their texts, as IAM does."""
    found = values if isinstance(values, list) else [values]
    if not found:
        raise MalformedPolicyError("a condition key needs a value")
    return [_text(value) for value in found]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedPolicyError(f"{value!r} cannot be the value of a condition key")
