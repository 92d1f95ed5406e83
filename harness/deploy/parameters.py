"""The parameters that a stack is created with: chosen, and checked before anything starts.

Not every engine checks them, and one that does says so only after minutes.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.deploy import package, pipeline_files
from harness.deploy.options import PipelineOptions
from harness.exceptions import UsageError

CODE = ("CodeBucket", "CodeKey")
DEFINITIONS = "DefinitionsPrefix"
_NOT_YET = "not-uploaded-yet"
"""Stands for where the code will be, as long as nothing is uploaded."""


def choose(template: Mapping[str, Any], options: PipelineOptions, profile: str) -> dict[str, str]:
    """Return the parameters to create the stack with, but for those that say where the code is.

    A profile is made for the pipeline's template, and has no say in a template of the user's.

    :raises UsageError: with all that is wrong
    """
    declared = template["Parameters"]
    own = options.template is not None
    chosen = {
        **_if_declared(declared, {"PythonRuntime": package.python_runtime()}),
        **({} if own else pipeline_files.profile(profile)),
        **options.parameters,
        **_if_declared(declared, _switches(options, own=own)),
    }
    problems = [*_lacking_variants(declared, options), *_problems(declared, chosen)]
    if problems:
        known = f"parameters of the template: {', '.join(sorted(declared))}" if declared else None
        raise UsageError("; ".join(problems), hint=known)
    return chosen


def in_effect(template: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return every parameter of the template with its value, defaults included."""
    defaults = {
        name: _text(body["Default"]) for name, body in template["Parameters"].items() if "Default" in body
    }
    located = {name: _NOT_YET for name in (*CODE, DEFINITIONS) if name in template["Parameters"]}
    return {**located, **defaults, **chosen}


def as_values(template: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters as `Ref` gives them: those of list types as lists."""
    return {
        name: text.split(",") if is_list(template["Parameters"][name]) else text
        for name, text in texts.items()
    }


def numbers(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, int | float]:
    """Return the parameters of type `Number` as numbers."""
    declared = template["Parameters"]
    texts = {name: value for name, value in values.items() if declared[name]["Type"] == "Number"}
    return {name: int(text) if text.lstrip("-").isdigit() else float(text) for name, text in texts.items()}


def is_list(declaration: Mapping[str, Any]) -> bool:
    """Tell whether `Ref` to a parameter gives a list."""
    type_: str = declaration["Type"]
    return type_ == "CommaDelimitedList" or type_.startswith("List<")


def _if_declared(declared: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if name in declared}


def _switches(options: PipelineOptions, *, own: bool) -> dict[str, str]:
    """Return the options as parameters; in a template of the user's only what was asked for."""
    return _asked_for(options) if own else options.switches()


def _asked_for(options: PipelineOptions) -> dict[str, str]:
    defaults = PipelineOptions().switches()
    return {name: value for name, value in options.switches().items() if defaults.get(name) != value}


def _lacking_variants(declared: Mapping[str, Any], options: PipelineOptions) -> Iterator[str]:
    for name, value in _asked_for(options).items():
        if name not in declared:
            yield f"the template has no parameter {name}, which {name}={value} needs"


def _problems(declared: Mapping[str, Any], chosen: Mapping[str, str]) -> Iterator[str]:
    if unknown := sorted(chosen.keys() - declared.keys()):
        yield f"the template has no parameter {', '.join(unknown)}"
    for name, body in declared.items():
        if name in chosen:
            yield from _value_problems(name, body, chosen[name])
        elif "Default" not in body and name not in (*CODE, DEFINITIONS):
            yield f"the parameter {name} has no default; give it with --parameter {name}=…"


def _value_problems(name: str, body: Mapping[str, Any], value: str) -> Iterator[str]:
    allowed = [_text(item) for item in body.get("AllowedValues", [])]
    for item in value.split(",") if is_list(body) else [value]:
        if allowed and item not in allowed:
            yield f"{name} is one of {', '.join(allowed)}, not {item!r}"
        if (pattern := body.get("AllowedPattern")) and not re.fullmatch(pattern, item):
            yield f"{name}={item!r} does not match {pattern}"
    if body["Type"] == "Number":
        yield from _number_problems(name, body, value)
    if not int(body.get("MinLength", 0)) <= len(value) <= int(body.get("MaxLength", len(value))):
        yield f"{name} has {len(value)} characters, which is too few or too many"


def _number_problems(name: str, body: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield f"{name} is a number, not {value!r}"
        return
    if "MinValue" in body and number < float(body["MinValue"]):
        yield f"{name} is at least {body['MinValue']}, not {value}"
    if "MaxValue" in body and number > float(body["MaxValue"]):
        yield f"{name} is at most {body['MaxValue']}, not {value}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
