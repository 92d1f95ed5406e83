"""What the user writes for a fault.

    rule    ::= target [ "[" where "]" ] ":" effect [ "@" share "%" ] [ "[" from "s-" [ to "s" ] "]" ]
    target  ::= service "." operation | "s3.events" | "lambda." function
    effect  ::= error-code | "delay=" time                            (operation)
              | "duplicate" | "reorder" | "drop" | "delay=" time      (s3.events)
              | "kill" [ "=" ( time | "after-write" ) ] | "error" | "throttle" | "delay=" time   (function)
    where   ::= bucket [ "/" key ] | name of a table, queue, function, topic or state machine; "*" is anything
    time    ::= number ( "ms" | "s" )

For example `s3.CopyObject:AccessDenied@100%`, `s3.CopyObject[archive/eu/*]:SlowDown@10%[30s-60s]`,
`s3.events:duplicate@5%`, `lambda.worker:kill@1%`. No share means all of them; a time window counts from the
moment in which the rule is set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from harness.exceptions import UsageError
from harness.faults.operations import operations_of, service_name, services, similar
from harness.faults.rules import Effect, FaultRule, Target

HINT = (
    "for example s3.CopyObject:AccessDenied@100%, s3.CopyObject:delay=2s@10%[30s-60s], "
    "s3.events:duplicate@5%, lambda.worker:kill@1%"
)
_RULE = re.compile(
    r"(?P<service>[a-z0-9-]+)\.(?P<name>[A-Za-z0-9_-]+)"
    r"(?:\[(?P<where>[^\]]*)\])?"
    r":(?P<effect>[^@\[\]]+)"
    r"(?:@(?P<share>[^%\[\]]*)%)?"
    r"(?:\[(?P<window>[^\]]*)\])?"
)
_NUMBER = r"\d+(?:\.\d+)?"
_TIME = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>ms|s)")
_WINDOW = re.compile(rf"(?P<start>{_NUMBER})s-(?:(?P<end>{_NUMBER})s)?")
_CODE = re.compile(r"[A-Z][A-Za-z0-9.]*")
_EVENT_EFFECTS = {effect.value: effect for effect in (Effect.DUPLICATE, Effect.REORDER, Effect.DROP)}
_FUNCTION_EFFECTS = {effect.value: effect for effect in (Effect.KILL, Effect.ERROR, Effect.THROTTLE)}


class _WrongError(Exception):
    """One thing that is wrong with a rule."""


def parse(texts: Sequence[str]) -> list[FaultRule]:
    """Return the rules that the texts describe, in their order.

    :raises UsageError: with everything that is wrong in any of them
    """
    rules, problems = [], []
    for text in texts:
        try:
            rules.append(_rule(text.strip()))
        except _WrongError as exc:
            problems.append(f"fault {text!r}: {exc}")
    if problems:
        raise UsageError("\n".join(problems), hint=HINT)
    return rules


def _rule(text: str) -> FaultRule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise _WrongError("it is not of the form TARGET:EFFECT@SHARE%[FROMs-TOs]")
    problems: list[str] = []
    fields: dict[str, Any] = {}
    for part in (_target, _effect, _share, _window):
        try:
            fields |= part(match)
        except _WrongError as exc:
            problems.append(str(exc))
    if problems:
        raise _WrongError("; ".join(problems))
    return FaultRule(text=text, **fields)


def _target(match: re.Match[str]) -> dict[str, Any]:
    target, where = _kind(match), match["where"]
    if where is not None and (target is Target.FUNCTION or not where):
        raise _WrongError("brackets before the colon hold the name of a resource; functions take none")
    return {
        "target": target,
        "service": service_name(match["service"]),
        "name": match["name"],
        "where": where,
    }


def _kind(match: re.Match[str]) -> Target:
    service, name = service_name(match["service"]), match["name"]
    operations = operations_of(service)
    if not operations:
        raise _WrongError(f"AWS has no service {service!r} in its SDK{similar(service, services())}")
    if name in operations:
        return Target.OPERATION
    if (service, name) == ("s3", "events"):
        return Target.EVENTS
    if service == "lambda":
        return Target.FUNCTION
    raise _WrongError(f"{service} has no operation {name!r}{similar(name, operations)}")


def _effect(match: re.Match[str]) -> dict[str, Any]:
    try:
        target = _kind(match)
    except _WrongError:
        return {}  # said already; which effects there are depends on it
    name, _, value = match["effect"].partition("=")
    if name == "delay":
        return {"effect": Effect.DELAY, "seconds": _seconds(value)}
    if target is Target.OPERATION:
        return _code(match["effect"])
    if name == "kill" and target is Target.FUNCTION:
        return _kill(value)
    known = _EVENT_EFFECTS if target is Target.EVENTS else _FUNCTION_EFFECTS
    if match["effect"] not in known:
        raise _WrongError(f"effects here are delay=TIME, {', '.join(known)}; not {match['effect']!r}")
    return {"effect": known[match["effect"]]}


def _code(text: str) -> dict[str, Any]:
    if not _CODE.fullmatch(text):
        raise _WrongError(f"{text!r} is neither delay=TIME nor an error code such as AccessDenied")
    return {"effect": Effect.CODE, "code": text}


def _kill(value: str) -> dict[str, Any]:
    if value == "after-write":
        return {"effect": Effect.KILL, "after_write": True}
    return {"effect": Effect.KILL, "seconds": _seconds(value) if value else None}


def _seconds(text: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise _WrongError(f"{text!r} is no time such as 2s or 500ms")
    return float(match["number"]) / (1000 if match["unit"] == "ms" else 1)


def _share(match: re.Match[str]) -> dict[str, Any]:
    text = match["share"]
    if text is None:
        return {}
    if not re.fullmatch(_NUMBER, text) or not 0 < float(text) <= 100:
        raise _WrongError(f"the share must be above 0 and at most 100 %, not {text!r}")
    return {"share": float(text) / 100}


def _window(match: re.Match[str]) -> dict[str, Any]:
    text = match["window"]
    if text is None:
        return {}
    window = _WINDOW.fullmatch(text)
    if window is None:
        raise _WrongError(f"{text!r} is no time window such as 30s-60s or 30s-")
    start, end = float(window["start"]), float(window["end"]) if window["end"] else None
    if end is not None and end <= start:
        raise _WrongError(f"the time window {text} ends before it begins")
    return {"from_s": start, "to_s": end}
