"""A second evaluator, slow and plain: it walks over the JSON of policies for each question.

It shares no code with the one under test. It takes policies that are valid, and knows only what the
strategies in `documents` make.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

Document = dict[str, Any]
Context = dict[str, str]


def is_allowed(
    role: list[Document], session: Document | None, action: str, resource: str, context: Context
) -> bool:
    every = [*role, *([session] if session else [])]
    if any(_says("Deny", policy, action, resource, context) for policy in every):
        return False
    if not any(_says("Allow", policy, action, resource, context) for policy in role):
        return False
    return session is None or _says("Allow", session, action, resource, context)


def _says(effect: str, policy: Document, action: str, resource: str, context: Context) -> bool:
    return any(
        statement["Effect"] == effect and _applies(statement, action, resource, context)
        for statement in _listed(policy["Statement"])
    )


def _applies(statement: Document, action: str, resource: str, context: Context) -> bool:
    if not _names_action(statement, action):
        return False
    names = "NotResource" if "NotResource" in statement else "Resource"
    filled = [fill(text, context) for text in _listed(statement[names])]
    named = any(text is not None and resource_matches(text, resource) for text in filled)
    if named == (names == "NotResource"):
        return False
    unknown = None in filled
    for name, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            holds, all_known = _holds(name, key, _listed(values), context)
            unknown = unknown or not all_known
            if not holds:
                return False
    return statement["Effect"] == "Deny" or not unknown


def _names_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(glob(text.lower(), action.lower()) for text in _listed(statement["NotAction"]))
    return any(glob(text.lower(), action.lower()) for text in _listed(statement["Action"]))


def fill(text: str, context: Context) -> list[str] | None:
    """Return the text as characters, with `*` and `?` that are wildcards as `MANY` and `ONE`; None where a
    variable has no value.
    """
    out: list[str] = []
    while text:
        if match := re.match(r"\$\{([^{}]*)\}", text):
            value = _value(match[1], context)
            if value is None:
                return None
            out += list(value)
            text = text[match.end() :]
        else:
            out.append({"*": "MANY", "?": "ONE"}.get(text[0], text[0]))
            text = text[1:]
    return out


def _value(name: str, context: Context) -> str | None:
    if name in ("*", "?", "$"):
        return name
    if match := re.fullmatch(r"\s*([^,]*?)\s*,\s*'(.*)'\s*", name):
        return context.get(match[1].lower(), match[2])
    return context.get(name.lower())


def glob(pattern: str | list[str], text: str) -> bool:
    """Wildcards match anything."""
    characters = pattern if isinstance(pattern, list) else fill(pattern.replace("${", "$\0{"), {})
    return _walk(tuple(characters or ()), text, lambda _at, _colons: True, lambda _colons: True)


def resource_matches(pattern: list[str], text: str) -> bool:
    """`*` inside one of the first five fields of an ARN stays inside, unless it ends the field."""

    def many_takes_colons(at: int, colons: int) -> bool:
        ends_field = at + 1 == len(pattern) or pattern[at + 1] == ":"
        return colons >= 5 or ends_field

    return _walk(tuple(pattern), text, many_takes_colons, lambda colons: colons >= 5)


def arn_matches(pattern: list[str], text: str) -> bool:
    """`*` inside one of the first five fields never takes a colon."""
    if pattern == ["MANY"]:
        return True
    return _walk(tuple(pattern), text, lambda _at, colons: colons >= 5, lambda colons: colons >= 5)


def _walk(pattern: tuple[str, ...], text: str, many_takes_colons: Any, one_takes_colons: Any) -> bool:
    @cache
    def matches(at: int, position: int) -> bool:
        if at == len(pattern):
            return position == len(text)
        colons = pattern[:at].count(":")
        rest = text[position:]
        if pattern[at] == "MANY":
            takes = bool(rest) and (rest[0] != ":" or many_takes_colons(at, colons))
            return matches(at + 1, position) or (takes and matches(at, position + 1))
        if not rest:
            return False
        takes = rest[0] != ":" or one_takes_colons(colons)
        fits = takes if pattern[at] == "ONE" else rest[0] == pattern[at]
        return fits and matches(at + 1, position + 1)

    return matches(0, 0)


def _holds(name: str, key: str, values: list[Any], context: Context) -> tuple[bool, bool]:
    """Return whether the condition holds, and whether all of its variables have values."""
    if name == "Null":
        return (key.lower() not in context) == (str(values[0]).lower() == "true"), True
    base = name.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
    negated = "Not" in base
    base = base.replace("Not", "")
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    filled = [fill(text, context) for text in texts] if base.startswith(("String", "Arn")) else []
    known = None not in filled
    if key.lower() not in context:
        if name.endswith("IfExists") or name.startswith("ForAllValues:"):
            return True, known
        return negated and not name.startswith("ForAnyValue:"), known
    value = context[key.lower()]
    if filled:
        found = any(_text_matches(base, text, value) for text in filled if text is not None)
    else:
        found = any(_parsed_matches(base, text, value) for text in texts)
    return found != negated, known


def _text_matches(base: str, pattern: list[str], value: str) -> bool:
    literal = "".join({"MANY": "*", "ONE": "?"}.get(character, character) for character in pattern)
    match base:
        case "StringEquals":
            return literal == value
        case "StringEqualsIgnoreCase":
            return literal.lower() == value.lower()
        case "StringLike":
            return glob(pattern, value)
        case _:
            return arn_matches(pattern, value)


def _parsed_matches(base: str, text: str, value: str) -> bool:
    try:
        return _compare(base, text, value)
    except ValueError:
        return False


def _compare(base: str, text: str, value: str) -> bool:
    if base == "Bool":
        return value.lower() in ("true", "false") and text.lower() == value.lower()
    if base == "IpAddress":
        network = ipaddress.ip_network(text, strict=False)
        return ipaddress.ip_address(value) in network
    kind = "Numeric" if base.startswith("Numeric") else "Date"
    left, right = (_number(value), _number(text)) if kind == "Numeric" else (_moment(value), _moment(text))
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[base.removeprefix(kind)]


def _number(text: str) -> float:
    return float(text)


def _moment(text: str) -> float:
    if re.fullmatch(r"\d+", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
