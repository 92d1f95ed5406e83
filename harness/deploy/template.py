"""The pipeline's template, read and adapted to what an engine can do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from harness.deploy import pipeline_files
from harness.exceptions import DeployError

_SHORT_FORMS = {"Ref": "Ref", "Condition": "Condition"}
"""Tags whose long form is not `Fn::<tag>`."""


@dataclass(frozen=True)
class Adapted:
    """A template as one engine gets it."""

    body: str
    resource_count: int
    parameters: frozenset[str]
    left_out: tuple[str, ...]
    """Resources that the engine does not have, as `Name (Type)`."""
    sha256: str
    """Of the template file as it is committed, not of what was adapted."""


def load() -> dict[str, Any]:
    """Return the template with its short forms (`!Ref`, `!Sub`, …) written out.

    :raises DeployError: it is no YAML
    """
    try:
        template: dict[str, Any] = yaml.load(_text(), _Loader)  # noqa: S506  (a SafeLoader with tags)
    except yaml.YAMLError as exc:
        raise DeployError(f"the pipeline's template is no YAML: {exc}") from exc
    return template


def adapt(template: dict[str, Any], lacking_types: Collection[str]) -> Adapted:
    """Drop resources of the types that an engine lacks, with all that depends on them.

    What refers to a dropped resource cannot be created either, so it is dropped, too; so are outputs that
    name one.
    """
    resources: dict[str, Any] = template["Resources"]
    dropped = _dropped(resources, lacking_types)
    kept = {
        name: _without_dependency(body, dropped) for name, body in resources.items() if name not in dropped
    }
    outputs = {name: body for name, body in template["Outputs"].items() if not _mentions(body, dropped)}
    adapted = {**template, "Resources": kept, "Outputs": outputs}
    return Adapted(
        body=json.dumps(adapted, indent=1),
        resource_count=len(kept),
        parameters=frozenset(template["Parameters"]),
        left_out=tuple(f"{name} ({resources[name]['Type']})" for name in resources if name in dropped),
        sha256=hashlib.sha256(_text().encode()).hexdigest(),
    )


def _dropped(resources: dict[str, Any], lacking_types: Collection[str]) -> set[str]:
    dropped = {name for name, body in resources.items() if body["Type"] in lacking_types}
    while more := {
        name
        for name, body in resources.items()
        if name not in dropped and _mentions(body.get("Properties", {}), dropped)
    }:
        dropped |= more
    return dropped


def _mentions(value: Any, names: set[str]) -> bool:
    """Tell whether a piece of template refers to one of the resources."""
    if isinstance(value, list):
        return any(_mentions(item, names) for item in value)
    if not isinstance(value, dict):
        return False
    return any(_refers(key, inner, names) or _mentions(inner, names) for key, inner in value.items())


def _refers(function: str, argument: Any, names: set[str]) -> bool:
    if function == "Ref":
        return argument in names
    if function == "Fn::GetAtt":
        return (argument if isinstance(argument, list) else argument.split("."))[0] in names
    if function == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) else argument
        return any(f"${{{name}}}" in text or f"${{{name}." in text for name in names)
    return False


def _without_dependency(body: dict[str, Any], dropped: set[str]) -> dict[str, Any]:
    """Return a resource without `DependsOn` entries that are not there any more."""
    depends_on = body.get("DependsOn", [])
    listed = [depends_on] if isinstance(depends_on, str) else depends_on
    if dropped.isdisjoint(listed):
        return body
    return {**body, "DependsOn": [name for name in listed if name not in dropped]}


def _text() -> str:
    return pipeline_files.template_file().read_text()


class _Loader(yaml.SafeLoader):
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
