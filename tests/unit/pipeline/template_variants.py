"""The template as it is under each way through the pipeline, with its conditions resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness.deploy import parameters, pipeline_files, template
from harness.deploy.conditions import Conditions

PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "transfer",
}
_ROUTES = (
    {"Route": "queued"},
    {"Route": "queued", "Recording": "lean"},
    {"Route": "queued", "Pipe": "true"},
    {"Route": "queued", "Pipe": "true", "Fifo": "true"},
    {"Route": "direct"},
    {"Route": "nested"},
    {"Route": "nested", "WorkflowStyle": "flat", "Transform": "gzip"},
    {"Route": "nested", "WorkflowStyle": "flat"},
    {"Route": "nested", "WorkflowStyle": "mixed", "Transform": "csv"},
    {"Route": "nested", "WorkflowStyle": "mixed", "ChildType": "express"},
    {"Route": "nested", "ChildType": "express", "Transform": "gzip"},
    {"Route": "queued-nested"},
    {"Route": "queued-nested", "Pipe": "true"},
    {"Route": "queued-nested", "Pipe": "true", "Fifo": "true"},
    {"Route": "ecs"},
    {"Route": "ecs", "Recording": "lean", "Pipe": "true", "Fifo": "true"},
    {"Route": "ecs", "Recording": "lean"},
    {
        "Route": "queued",
        "SftpEndpoint": "public",
        "SftpUserName": "customer",
        "SftpUserPublicKey": "ssh-ed25519 A",
    },
    {"Route": "direct", "SftpEndpoint": "none"},
    {
        "Route": "nested",
        "IdentityProviderFunctionArn": "arn:aws:lambda:eu-central-1:111122223333:function:users",
        "ExistingDestinationBucket": "elsewhere",
        "DestinationAccountId": "444455556666",
    },
)


@dataclass(frozen=True)
class Variant:
    """The template under one choice of parameters."""

    chosen: Mapping[str, str]
    resources: Mapping[str, Any]
    """Those that exist, every `Fn::If` replaced by its branch."""
    outputs: Mapping[str, Any]
    values: Mapping[str, Any]
    """All parameters."""

    def __str__(self) -> str:
        return ",".join(
            value if name == "Route" else f"{name}={value[:12]}" for name, value in self.chosen.items()
        )

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return the properties of all resources of a type, by logical id."""
        return {
            name: body.get("Properties", {})
            for name, body in self.resources.items()
            if body["Type"] == f"AWS::{kind}"
        }


def variant(chosen: Mapping[str, str], profile: str = "aws") -> Variant:
    loaded = _loaded()
    values = parameters.as_values(
        loaded,
        parameters.in_effect(
            loaded, {"CodeBucket": "code", "CodeKey": "k", **pipeline_files.profile(profile), **chosen}
        ),
    )
    conditions = Conditions(loaded, values, PSEUDO)

    def existing(section: str) -> dict[str, Any]:
        return {
            name: conditions.choose(body)
            for name, body in loaded[section].items()
            if conditions.holds(body.get("Condition"))
        }

    return Variant(chosen, existing("Resources"), existing("Outputs"), values)


@cache
def _loaded() -> dict[str, Any]:
    return template.load()


@cache
def variants() -> tuple[Variant, ...]:
    """Return one of each kind that there is."""
    return tuple(variant(chosen) for chosen in _ROUTES)


def statements(found: Variant, role: str) -> list[dict[str, Any]]:
    """Return what a role allows, by itself and by the managed policies of the template."""
    properties = found.resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for managed in properties.get("ManagedPolicyArns", []):
        documents.append(found.resources[managed["Ref"]]["Properties"]["PolicyDocument"])
    return [statement for document in documents for statement in document["Statement"]]


def listed(value: Any) -> list[Any]:
    """Return IAM's one-or-many as a list."""
    return value if isinstance(value, list) else [value]


def targets(resources: Any) -> Iterator[str]:
    """Yield the logical ids that the `Resource` of a statement means, and `*`."""
    for resource in listed(resources):
        found = sorted(set(template.references(resource)) - set(PSEUDO))
        yield from found or [str(resource)]


def text_of(value: Any, values: Mapping[str, Any]) -> str:
    """Return a piece of template as a text: parameters by their values, resources by their names."""
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        if function == "Ref":
            return str(values.get(argument, PSEUDO.get(argument, argument)))
        return f"<{function}>"
    return str(value)


def in_order(value: object) -> str:
    """Name a parameter of a test the same way in every process, whatever the order of its sets."""
    return "+".join(sorted(value)) or "none" if isinstance(value, set) else str(value)
