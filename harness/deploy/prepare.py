"""What can be known of a deployment before an engine runs: what it consists of, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.deploy import exports, handling, names, parameters, reloadable, template
from harness.deploy.conditions import Conditions
from harness.deploy.deferred import DeferredValues
from harness.deploy.handling import Fate, Handling
from harness.deploy.options import PipelineOptions
from harness.engines.base import Capabilities, EngineInfo

_PLANNED = EngineInfo("planned", "planned", "unknown", "http://127.0.0.1")
"""Account and Region that a plan assumes; on a real engine they come from it."""


@dataclass(frozen=True)
class Prepared:
    """A pipeline that fits an engine, not deployed yet."""

    options: PipelineOptions
    template: Mapping[str, Any]
    chosen: Mapping[str, str]
    """Parameters to create the stack with, but for those that say where the code is."""
    resources: Mapping[str, Any]
    """Those that exist under these parameters, without conditions, but with what they come to."""
    outputs: Mapping[str, Any]
    """In the same way."""
    fates: Mapping[str, Fate]
    """What becomes of each of the resources."""
    names: Mapping[str, tuple[str, str]]
    """Type and name of the data holders that the template names, by logical id."""
    is_whole: bool
    """Whether the engine creates every type that AWS has, and so gets the template as it is."""
    stack_name: str
    """In CloudFormation."""

    def of(self, how: Handling) -> list[Fate]:
        """Return the resources with which that happens, in the order of the template."""
        return [fate for fate in self.fates.values() if fate.handling is how]

    def parameters(self) -> dict[str, str]:
        """Return every parameter with its value, as far as they are known before anything is uploaded."""
        return parameters.in_effect(self.template, self.chosen)


@dataclass(frozen=True)
class Adapted:
    """The template as the engine gets it, and what must be done beside it."""

    body: str
    deferred: Mapping[str, Any]
    """Properties, for `deferred.resolve`, of what is created through the API or stood in for."""
    reload: Any
    """For `deferred.resolve` and `reloadable.from_resolved`; None where the engine has everything."""


def prepare(
    options: PipelineOptions,
    capabilities: Capabilities,
    *,
    profile: str = "local",
    stack_name: str = "floodgate-default",
    engine: EngineInfo = _PLANNED,
) -> Prepared:
    """Read the template, check all that was asked for, and decide about each resource.

    :raises UsageError: options, parameters or the user's own template are not right, with all that is wrong
    :raises DeployError: the template cannot be read
    """
    options.validate()
    loaded = template.load(options.template)
    exports.require(loaded, options)
    chosen = parameters.choose(loaded, options, profile)
    values = parameters.as_values(loaded, parameters.in_effect(loaded, chosen))
    conditions = Conditions(loaded, values, _pseudo(engine, stack_name))
    exports.require_rules(loaded, conditions)
    outputs = _existing(loaded["Outputs"], conditions)
    exports.require_outputs(outputs, options)
    resources = _existing(loaded["Resources"], conditions)
    if not capabilities.reads_text_as_numbers:
        resources = template.with_numbers(resources, parameters.numbers(loaded, values))
    return Prepared(
        options,
        loaded,
        chosen,
        resources,
        outputs,
        fates=handling.fates(resources, capabilities),
        names=names.given(resources, conditions),
        is_whole=capabilities.resource_types is None,
        stack_name=stack_name,
    )


def adapt(prepared: Prepared) -> Adapted:
    """Return the template without what the engine lacks, with an output for each value that it must tell.

    An engine that lacks something gets no conditions either, but what they come to: LocalStack 4.9.2 resolves
    `GetAtt` in resources whose condition is false, and fails where it leads to another one.
    """
    if prepared.is_whole:
        return Adapted(_text(prepared.template), {}, None)
    lacking = handling.not_deployed(prepared.fates)
    values = DeferredValues(prepared.template["Parameters"], prepared.resources, lacking, prepared.stack_name)
    deferred = {
        fate.logical_id: values.collect(prepared.resources[fate.logical_id].get("Properties", {}))
        for fate in (*prepared.of(Handling.API), *prepared.of(Handling.STAND_IN))
    }
    reload = values.collect(reloadable.describe(_deployed(prepared)))
    body = {
        **{name: part for name, part in prepared.template.items() if name not in ("Conditions", "Rules")},
        "Resources": values.without_lacking(_deployed(prepared)),
        "Outputs": {**_outputs(prepared, values, lacking), **values.outputs},
    }
    return Adapted(_text(template.literals_as_values(body)), deferred, reload)


def _existing(section: Mapping[str, Any], conditions: Conditions) -> dict[str, Any]:
    """Return the resources or outputs whose condition holds, with every `Fn::If` decided."""
    return {
        name: {key: part for key, part in conditions.choose(body).items() if key != "Condition"}
        for name, body in section.items()
        if conditions.holds(body.get("Condition"))
    }


def _deployed(prepared: Prepared) -> dict[str, Any]:
    """Return the resources that the engine gets, without `DependsOn` entries that are not there."""
    names = {fate.logical_id for fate in prepared.of(Handling.DEPLOYED)}
    return {
        name: {**body, **_dependencies(body, names)}
        for name, body in prepared.resources.items()
        if name in names
    }


def _dependencies(body: Mapping[str, Any], names: set[str]) -> dict[str, list[str]]:
    if "DependsOn" not in body:
        return {}
    listed = [body["DependsOn"]] if isinstance(body["DependsOn"], str) else body["DependsOn"]
    return {"DependsOn": [name for name in listed if name in names]}


def _outputs(prepared: Prepared, values: DeferredValues, lacking: set[str]) -> dict[str, Any]:
    """Return the template's outputs, but for those that tell something about what is not created at all."""
    through_api = prepared.of(Handling.API)
    absent = {
        name
        for name in lacking
        if not (fate := prepared.fates[name]).has_identity and fate not in through_api
    }
    return {
        name: values.without_lacking(body)
        for name, body in prepared.outputs.items()
        if not template.mentions(body, absent)
    }


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps({name: part for name, part in body.items() if part != {}}, indent=1)


def _pseudo(engine: EngineInfo, stack_name: str) -> dict[str, str]:
    return {
        "AWS::AccountId": engine.account_id,
        "AWS::Partition": "aws",
        "AWS::Region": engine.region,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com",
    }
