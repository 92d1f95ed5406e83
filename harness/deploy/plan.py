"""`deploy --plan`: what an engine gets of a pipeline, so that nobody takes it for AWS. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.deploy import exports
from harness.deploy.handling import Fate, Handling
from harness.deploy.prepare import Prepared

SCHEMA_VERSION = 1


def as_json(prepared: Prepared, engine: str, differs_from_aws: Sequence[str]) -> dict[str, Any]:
    """Return the plan as data: `deployed`, `created_through_api`, `stood_in_for` and `left_out`, each a list.

    :param differs_from_aws: what behaves differently on the engine, as sentences
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "engine": engine,
        "options": {**prepared.options.to_json(), "parameters": prepared.parameters()},
        **{how.value: [_resource(fate) for fate in prepared.of(how)] for how in Handling},
        "unknown_to_harness": unknown_to_harness(prepared),
        "differs_from_aws": list(differs_from_aws),
    }


def as_text(plan: Mapping[str, Any]) -> str:
    """Return the plan for people."""
    options = plan["options"]
    switches = [name for name in ("fifo", "pipe") if options[name]]
    title = f"route {options['route']}" + "".join(f", {name}" for name in switches)
    sections = [
        f"Plan for the engine {plan['engine']}, {title}. Nothing was started.",
        _deployed(plan["deployed"]),
        _section("Created through the service's API", plan["created_through_api"]),
        _section("Stood in for by the harness", plan["stood_in_for"]),
        _section("Left out", plan["left_out"]),
        _sentences("What the harness cannot know of this pipeline", plan["unknown_to_harness"]),
        _sentences("What behaves differently from AWS", plan["differs_from_aws"]),
    ]
    return "\n\n".join(section for section in sections if section)


def unknown_to_harness(prepared: Prepared) -> list[str]:
    """Return what a template of the user's does not tell the harness; the pipeline's tells all there is."""
    return [] if prepared.options.template is None else exports.unknown_to_harness(prepared.outputs)


def _resource(fate: Fate) -> dict[str, str]:
    found = {"logical_id": fate.logical_id, "type": fate.type}
    return {**found, "note": fate.note} if fate.note else found


def _deployed(resources: Sequence[Mapping[str, str]]) -> str:
    """Resources by type: there are too many to give each a line."""
    by_type: dict[str, list[str]] = {}
    for each in resources:
        by_type.setdefault(each["type"], []).append(each["logical_id"])
    lines = [f"  {type_}: {', '.join(names)}" for type_, names in sorted(by_type.items())]
    return "\n".join([f"Deployed by the engine's CloudFormation: {len(resources)} resources", *lines])


def _section(title: str, resources: Sequence[Mapping[str, str]]) -> str:
    lines = [f"  {each['logical_id']} ({each['type']}): {each['note']}" for each in resources]
    return "\n".join([f"{title}:", *lines]) if lines else f"{title}: nothing"


def _sentences(title: str, sentences: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  - {each}" for each in sentences)]) if sentences else ""
