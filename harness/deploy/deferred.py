"""Properties of resources that the engine's CloudFormation does not get, with every intrinsic resolved.

Conditions are decided by then (`conditions.py`). Whatever else a property is computed from (`Ref`, `GetAtt`,
`Sub`, `Join`, …) is added to the adapted template as an output, so that the engine's own CloudFormation
resolves it. As in CloudFormation, numbers may come as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.deploy import transfer
from harness.deploy.handling import API_TYPES
from harness.deploy.parameters import is_list
from harness.deploy.template import replace_references
from harness.exceptions import DeployError

_PREFIX = "FloodgateValue"
_TOLD_CHARS = 200
_NAME_PROPERTIES: Mapping[tuple[str, str | None], str] = {
    ("AWS::CloudWatch::Dashboard", None): "DashboardName",
    ("AWS::ECS::Cluster", None): "ClusterName",
    ("AWS::ECS::Service", "Name"): "ServiceName",
    ("AWS::Pipes::Pipe", None): "Name",
}
"""Type and attribute to the property that holds it, where the template sets that property."""


@dataclass(frozen=True)
class _Pending:
    """A value that an output of the stack is going to have."""

    output: str
    told: str
    """The expression, for people."""
    separator: str | None = None
    """Set where the value is a list, which travels as one text."""

    def resolve(self, outputs: Mapping[str, str]) -> str | list[str]:
        text = outputs.get(self.output)
        if text is None:
            raise DeployError(
                f"the engine's CloudFormation did not resolve {self.told}",
                hint="see the engine's log; write it without functions, or with others",
            )
        if self.separator is None:
            return text
        return text.split(self.separator) if text else []


def resolve(collected: Any, outputs: Mapping[str, str]) -> Any:
    """Put the values of the stack's outputs into what `DeferredValues.collect` returned.

    :raises DeployError: the engine has resolved one of them to nothing
    """
    if isinstance(collected, _Pending):
        return collected.resolve(outputs)
    if isinstance(collected, list):
        return [resolve(item, outputs) for item in collected]
    if isinstance(collected, dict):
        return {key: resolve(inner, outputs) for key, inner in collected.items()}
    return collected


def of_the_template(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs that the template itself has, without those added here."""
    return {name: value for name, value in outputs.items() if not name.startswith(_PREFIX)}


class DeferredValues:
    """Collects what must be asked of the engine.

    :param parameters: the template's section
    :param resources: those that exist
    :param lacking: which of them are not in the adapted template
    :param stack_name: in CloudFormation
    """

    def __init__(
        self, parameters: Mapping[str, Any], resources: Mapping[str, Any], lacking: set[str], stack_name: str
    ) -> None:
        self._parameters = parameters
        self._resources = resources
        self._lacking = lacking
        self._stack_name = stack_name
        self._names: dict[str, str] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        """To be added to the template's outputs."""

    def collect(self, value: Any) -> Any:
        """Return a piece of template for `resolve`, after adding the outputs that it needs."""
        return self._collect(self.without_lacking(value))

    def without_lacking(self, value: Any) -> Any:
        """Return a piece of template in which nothing refers to a resource that is not there.

        Servers and users of Transfer Family have their attributes all the same. The name of another resource
        is the one that its properties give, otherwise its logical id (with the stack's name before it where
        it is created through the API). Its other attributes stay symbols, such as `Service.ServiceArn`.
        """
        return replace_references(value, self._lacking, self._symbol)

    def _symbol(self, name: str, attribute: str | None) -> Any:
        resource = self._resources[name]
        if resource["Type"] in transfer.TYPES:
            known = transfer.value(self._stack_name, name, resource, attribute)
            if known is not None:
                return self.without_lacking(known)
        key = _NAME_PROPERTIES.get((resource["Type"], attribute), "")
        if key in resource.get("Properties", {}):
            return self.without_lacking(resource["Properties"][key])
        if resource["Type"] in API_TYPES and attribute is None:
            return {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
        return name if attribute is None else f"{name}.{attribute}"

    def _collect(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._collect(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref" or function.startswith("Fn::"):
                return self._ask(function, argument)
        return {key: self._collect(inner) for key, inner in value.items()}

    def _ask(self, function: str, argument: Any) -> _Pending:
        if function == "Fn::Split":
            separator, text = argument
            return self._pending(text, separator)
        expression = {function: argument}
        if self._gives_list(function, argument):
            return self._pending({"Fn::Join": [",", expression]}, ",")
        return self._pending(expression)

    def _pending(self, expression: Any, separator: str | None = None) -> _Pending:
        return _Pending(self._output(expression), json.dumps(expression)[:_TOLD_CHARS], separator)

    def _gives_list(self, function: str, argument: Any) -> bool:
        if function == "Ref":
            return argument in self._parameters and is_list(self._parameters[argument])
        return function in ("Fn::GetAZs", "Fn::Cidr")

    def _output(self, expression: Any) -> str:
        key = json.dumps(expression, sort_keys=True)
        if key not in self._names:
            self._names[key] = f"{_PREFIX}{len(self._names) + 1}"
            self.outputs[self._names[key]] = {"Value": expression}
        return self._names[key]
