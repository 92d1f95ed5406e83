"""A request against botocore's model of the API: types, required members, limits, patterns, enumerations.

AWS answers in two steps, and so does this: a value of the wrong JSON type is a `SerializationException` at
once; then all broken constraints are listed together, in the words that every AWS service of this generation
has ("1 validation error detected: Value 'x' at 'userName' failed to satisfy constraint: Member must …").
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StringShape, StructureShape

from harness.transfer.api.errors import ApiError, unreadable

_SHOWN_CHARS = 1000
"""Longer values are cut in messages: a body may have megabytes."""

SSH_PUBLIC_KEY = (
    r"\s*(ssh|ecdsa)-[a-z0-9-]+[ \t]+(([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{1,3})?(={0,3})?)"
    r"(\s*|[ \t]+[\S \t]*\s*)"
)
"""AWS's pattern of a key; it tries some n³ ways to split a run of n blanks."""
SSH_PUBLIC_KEY_AT_ONCE = (
    r"\s*+(ssh|ecdsa)-[a-z0-9-]++[ \t]+[A-Za-z0-9+/]*+={0,3}+(\s*+|[ \t][^\n\r\f\v]*+\s*+)"
)
"""Takes the same texts."""

VARIABLE = r"\$\{(\w+.)+\w+\}"
"""AWS's pattern of `SourceFileLocation`; it tries some 2ⁿ ways to split n letters."""
VARIABLE_AT_ONCE = r"\$\{(?=(?s:.{4}))\w++([^\w\n]\w++)*+\}"
"""Takes the same texts: no two of the characters between are not letters, and there are three at least."""

_REWRITTEN = {
    SSH_PUBLIC_KEY: SSH_PUBLIC_KEY_AT_ONCE,
    VARIABLE: VARIABLE_AT_ONCE,
    r"[\p{Print}]*": r"[\x20-\x7E]*",
    r"[\w- ]*": r"[\w\- ]*",
    r"[\P{M}\p{M}]*": r"(?s:.*)",
    r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)": r"(?u:[\w\s.:/=+\-@]*)",
}
"""Patterns of the model that Python does not have or that take too long, by what is used instead."""


def validate(operation: OperationModel, request: Any) -> dict[str, Any]:
    """Return the request without the members that the API does not have, and without those that are null.

    :raises ApiError: `SerializationException` or `ValidationException`
    """
    shape = operation.input_shape
    if not isinstance(request, dict):
        raise unreadable("Unexpected token: expected start of structure")
    if shape is None:
        return {}
    known: dict[str, Any] = _known(shape, request)
    problems = list(_problems(shape, known, ""))
    if problems:
        raise _refusal(problems)
    return known


def _refusal(problems: list[str]) -> ApiError:
    """The error's name is not in the service's model; other AWS services give this one for these words."""
    count = len(problems)
    words = "error" if count == 1 else "errors"
    return ApiError("ValidationException", f"{count} validation {words} detected: {'; '.join(problems)}")


def _known(shape: Shape, value: Any) -> Any:
    """Check the JSON types and leave out what the model does not have, as AWS does."""
    if isinstance(shape, StructureShape):
        _expect(value, dict, "structure")
        pairs = ((name, value[name]) for name in shape.members if value.get(name) is not None)
        return {name: _known(shape.members[name], each) for name, each in pairs}
    if isinstance(shape, ListShape):
        _expect(value, list, "list")
        return [_known(shape.member, each) for each in value]
    return _scalar(shape, value)


def _expect(value: Any, kind: type, name: str) -> None:
    if not isinstance(value, kind):
        raise unreadable(f"{_token(value)} found where start of {name} was expected")


def _scalar(shape: Shape, value: Any) -> Any:
    wanted = {"string": str, "integer": int, "long": int, "boolean": bool}.get(shape.type_name)
    if wanted is None:
        return value
    right = isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
    if not right:
        raise unreadable(f"{_token(value)} can not be converted to {shape.type_name.capitalize()}")
    if isinstance(value, str) and not _is_unicode(value):
        raise unreadable("Unpaired surrogate in a string")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _token(value: Any) -> str:
    """Return AWS's name for the kind of a JSON value."""
    names = {
        bool: f"{value!s}".upper() + "_VALUE",
        str: "STRING_VALUE",
        dict: "START_OBJECT",
        list: "START_ARRAY",
    }
    return names.get(type(value), "NULL_VALUE" if value is None else "NUMBER_VALUE")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong, in the order of the model's members."""
    if isinstance(shape, StructureShape):
        yield from _problems_of_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _told(_of_size(shape, len(value)), shape, value, path)
        for number, each in enumerate(value, start=1):
            yield from _problems(shape.member, each, f"{path}.{number}.member")
    elif isinstance(value, str):
        yield from _told(_of_text(shape, value), shape, value, path)
    elif shape.type_name in ("integer", "long"):
        yield from _told(_of_number(shape, value), shape, value, path)


def _problems_of_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        place = f"{path}.{_decapitalised(name)}" if path else _decapitalised(name)
        if name in value:
            yield from _problems(member, value[name], place)
        elif name in shape.required_members:
            yield f"Value null at '{place}' failed to satisfy constraint: Member must not be null"


def _decapitalised(name: str) -> str:
    return name[0].lower() + name[1:]


def _told(rules: Iterator[str], shape: Shape, value: Any, path: str) -> Iterator[str]:
    for rule in rules:
        yield f"{_shown(shape, value)} at '{path}' failed to satisfy constraint: Member must {rule}"


def _shown(shape: Shape, value: Any) -> str:
    """A secret is not repeated."""
    if shape.metadata.get("sensitive"):
        return "Value"
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return f"Value '{text[:_SHOWN_CHARS]}'"


def _of_size(shape: Shape, size: int, unit: str = "length") -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"have {unit} greater than or equal to {least}"
    if most is not None and size > most:
        yield f"have {unit} less than or equal to {most}"


def _of_text(shape: Shape, text: str) -> Iterator[str]:
    """A text that is too long is not matched against the pattern, too: matching costs time."""
    sizes = list(_of_size(shape, len(text)))
    yield from sizes
    choices = shape.enum if isinstance(shape, StringShape) else []
    if choices and text not in choices:
        yield f"satisfy enum value set: [{', '.join(choices)}]"
    pattern = shape.metadata.get("pattern")
    is_too_long = len(text) > shape.metadata.get("max", len(text))
    if pattern and not is_too_long and not compiled(pattern).fullmatch(text):
        yield f"satisfy regular expression pattern: {pattern}"


def _of_number(shape: Shape, number: int) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least:
        yield f"have value greater than or equal to {least}"
    if most is not None and number > most:
        yield f"have value less than or equal to {most}"


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return what a pattern of the model means in Python.

    Java's classes such as \\w and \\s, for which the patterns are written, are those of ASCII.
    """
    return re.compile(_REWRITTEN.get(pattern, pattern), re.ASCII)
