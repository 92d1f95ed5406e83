"""A CloudFormation template as data: reading it, and finding and changing references in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.deploy import pipeline_files
from harness.exceptions import DeployError

_SHORT_FORMS = {"Ref": "Ref", "Condition": "Condition"}
"""Tags whose long form is not `Fn::<tag>`."""
_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
"""A variable in the text of `Fn::Sub`; `${!Literal}` is none."""
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
"""What `Fn::Sub` leaves in its text as `${Literal}`."""

Rename = Callable[[str, str | None], Any]
"""Takes a resource and the attribute asked for (None: what `Ref` gives); returns what replaces it."""


def load(path: Path | None = None) -> dict[str, Any]:
    """Return a template with its short forms (`!Ref`, `!Sub`, …) written out.

    :param path: None takes the pipeline's
    :raises DeployError: it is no YAML, or no template
    """
    file = source(path)
    try:
        template = yaml.load(file.read_text(), _Loader)  # noqa: S506  (a SafeLoader with tags)
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise DeployError(f"the template {file} is no YAML: {exc}") from exc
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise DeployError(f"{file} is no CloudFormation template", hint="it has no section Resources")
    return {"Parameters": {}, "Conditions": {}, "Outputs": {}, **template}


def sha256(path: Path | None = None) -> str:
    """Return the hash of the template's file as it is, before anything is adapted."""
    return hashlib.sha256(source(path).read_bytes()).hexdigest()


def source(path: Path | None) -> Path:
    """Return the template's file; None stands for the pipeline's."""
    return path or pipeline_files.template_file()


def references(value: Any) -> Iterator[str]:
    """Yield the name of everything that a piece of template refers to, by `Ref`, `GetAtt` or `Sub`."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _referred(key, inner)
            yield from references(inner)


def mentions(value: Any, names: Collection[str]) -> bool:
    """Tell whether a piece of template refers to one of the resources."""
    return any(name in names for name in references(value))


def replace_references(value: Any, names: Collection[str], rename: Rename) -> Any:
    """Return a piece of template in which references to some resources are replaced."""
    if isinstance(value, list):
        return [replace_references(item, names, rename) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and value["Ref"] in names:
        return rename(value["Ref"], None)
    if set(value) == {"Fn::GetAtt"} and (target := attribute(value["Fn::GetAtt"]))[0] in names:
        return rename(*target)
    if set(value) == {"Fn::Sub"}:
        return {"Fn::Sub": _replace_in_sub(value["Fn::Sub"], names, rename)}
    return {key: replace_references(inner, names, rename) for key, inner in value.items()}


def literals_as_values(value: Any) -> Any:
    """Return a piece of template in which `${!Literal}` of `Fn::Sub` has become the value of a variable.

    It means the same. LocalStack 4.9.2 fails at `${!Literal}`, and drops an output in silence where it does.
    """
    if isinstance(value, list):
        return [literals_as_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: literals_as_values(inner) for key, inner in value.items()}
    return {"Fn::Sub": _literals_named(changed["Fn::Sub"])} if set(changed) == {"Fn::Sub"} else changed


def with_numbers(value: Any, numbers: Mapping[str, int | float]) -> Any:
    """Return a piece of template in which `Ref` to a numeric parameter is the number.

    Environment variables are text on every engine.
    """
    if isinstance(value, list):
        return [with_numbers(item, numbers) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return numbers.get(value["Ref"], value)
    return {
        key: inner if key == "Variables" else with_numbers(inner, numbers) for key, inner in value.items()
    }


def attribute(argument: Any) -> tuple[str, str]:
    """Return resource and attribute of an `Fn::GetAtt`, which takes a list or `Resource.Attribute`."""
    name, rest = argument if isinstance(argument, list) else argument.split(".", 1)
    return name, rest


def _referred(function: str, argument: Any) -> Iterator[str]:
    if function == "Ref":
        yield argument
    elif function == "Fn::GetAtt":
        yield attribute(argument)[0]
    elif function == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) else argument
        yield from (found.split(".")[0] for found in _PLACEHOLDER.findall(text))


def _replace_in_sub(argument: Any, names: Collection[str], rename: Rename) -> Any:
    """Give the replaced variables of a `Sub` values of their own, since a value may be more than text."""
    text, given = argument if isinstance(argument, list) else (argument, {})
    values = replace_references(given, names, rename)

    def replace(found: re.Match[str]) -> str:
        name, _, rest = found.group(1).partition(".")
        if name not in names or found.group(1) in values:
            return found.group(0)
        variable = re.sub("[^A-Za-z0-9]", "", found.group(1)) + "Replaced"
        values[variable] = rename(name, rest or None)
        return f"${{{variable}}}"

    text = _PLACEHOLDER.sub(replace, text)
    return [text, values] if values else text


def _literals_named(argument: Any) -> Any:
    text, given = argument if isinstance(argument, list) else (argument, {})
    values = dict(given)

    def replace(found: re.Match[str]) -> str:
        variable = re.sub("[^A-Za-z0-9]", "", found.group(1)) + "Literal"
        values[variable] = f"${{{found.group(1)}}}"
        return f"${{{variable}}}"

    replaced = _LITERAL.sub(replace, text)
    return argument if replaced == text else [replaced, values]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads CloudFormation's tags, and leaves dates such as `2010-09-09` as text."""


def _long_form(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    return {_SHORT_FORMS.get(tag, f"Fn::{tag}"): _argument(loader, tag, node)}


def _argument(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return value.split(".", 1) if tag == "GetAtt" else value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _long_form)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
