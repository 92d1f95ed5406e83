"""What becomes of each resource of a template on an engine that does not have them all.

A resource that the engine's CloudFormation lacks is created through the service's own API, stood in for by
the harness, or left out; `deploy --plan` and every report say which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.deploy import transfer
from harness.deploy.template import references
from harness.engines.base import Capabilities


class Handling(StrEnum):
    """What happens to a resource."""

    DEPLOYED = "deployed"
    API = "created_through_api"
    STAND_IN = "stood_in_for"
    LEFT_OUT = "left_out"


API_TYPES: Mapping[str, str] = {
    "AWS::CloudWatch::Dashboard": "put_dashboard",
    "AWS::Logs::MetricFilter": "put_metric_filter",
}
"""Types that the engine's API has although its CloudFormation lacks them, with the call."""

_ECS = "worker processes of this machine (python -m pipeline.worker)"
_SFTP = "the harness's own Transfer Family: API endpoint, SFTP workers, policies, logs and events"
STOOD_IN_TYPES: Mapping[str, str] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _ECS,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _ECS,
    "AWS::ECS::Cluster": _ECS,
    "AWS::ECS::Service": _ECS,
    "AWS::ECS::TaskDefinition": _ECS,
    "AWS::Pipes::Pipe": "a process of the harness that polls, filters, enriches and sends",
    "AWS::Transfer::Server": _SFTP,
    "AWS::Transfer::User": _SFTP,
    "AWS::Transfer::Workflow": _SFTP,
}
"""Types that the harness does the work of, with what does it."""


@dataclass(frozen=True)
class Fate:
    """One resource and what becomes of it."""

    logical_id: str
    type: str
    handling: Handling
    note: str = ""
    """By what it is created or stood in for, or why it is left out."""

    @property
    def has_identity(self) -> bool:
        """Tell whether others may refer to it: deployed, or known by name and ARN all the same."""
        return self.handling is Handling.DEPLOYED or self.type in transfer.TYPES

    def __str__(self) -> str:
        return f"{self.logical_id} ({self.type})" + (f": {self.note}" if self.note else "")


def fates(resources: Mapping[str, Any], capabilities: Capabilities) -> dict[str, Fate]:
    """Decide about every resource.

    What refers to a resource that has no identity cannot be deployed either: it would get a reference to
    nothing.

    :param capabilities: tell what the engine's CloudFormation has
    """
    decided = {name: _by_itself(name, body, capabilities) for name, body in resources.items()}
    while dependent := _dependent(resources, decided):
        decided.update(dependent)
    return decided


def not_deployed(decided: Mapping[str, Fate]) -> set[str]:
    """Return the resources that the engine's CloudFormation does not get."""
    return {name for name, fate in decided.items() if fate.handling is not Handling.DEPLOYED}


def _by_itself(name: str, body: Mapping[str, Any], capabilities: Capabilities) -> Fate:
    type_ = body["Type"]
    if capabilities.creates(type_):
        reason = capabilities.refuses(type_, body.get("Properties", {}))
        return Fate(name, type_, Handling.LEFT_OUT if reason else Handling.DEPLOYED, reason or "")
    if type_ in API_TYPES:
        return Fate(name, type_, Handling.API, API_TYPES[type_])
    if type_ in STOOD_IN_TYPES:
        return Fate(name, type_, Handling.STAND_IN, STOOD_IN_TYPES[type_])
    return Fate(name, type_, Handling.LEFT_OUT, "the engine's CloudFormation has no such type")


def _dependent(resources: Mapping[str, Any], decided: Mapping[str, Fate]) -> dict[str, Fate]:
    lacking = {name for name, fate in decided.items() if not fate.has_identity}
    found = {}
    for name in decided.keys() - not_deployed(decided):
        if missing := _first_reference(resources[name].get("Properties", {}), lacking):
            reason = f"it refers to {missing}, which is not deployed"
            found[name] = Fate(name, resources[name]["Type"], Handling.LEFT_OUT, reason)
    return found


def _first_reference(properties: Any, names: Collection[str]) -> str | None:
    return next((name for name in references(properties) if name in names), None)
