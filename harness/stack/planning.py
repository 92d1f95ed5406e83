"""What `up` would do on an engine, without starting it."""

from __future__ import annotations

from typing import Any

from harness.deploy import PipelineOptions, Prepared, StandIn, plan, prepare
from harness.deploy.handling import Handling
from harness.engines import registry
from harness.stack import stand_ins
from harness.stack.clearing import cloudformation_name
from harness.stack.state import StackState


def prepare_for(engine: str, options: PipelineOptions, name: str, profile: str | None) -> Prepared:
    """Return the pipeline as an engine would get it.

    :param engine: `localstack`, `aws`, or a URL, which is not asked anything
    :param profile: None takes the one that is made for such an engine
    :raises UsageError: an argument, the options, or the user's own template are not right
    """
    return prepare(
        options,
        registry.capabilities(engine),
        profile=profile or ("aws" if engine == registry.AWS else "local"),
        stack_name=cloudformation_name(StackState(name).name),
    )


def plan_for(engine: str, prepared: Prepared) -> dict[str, Any]:
    """Return the plan as data."""
    stood_in = [StandIn(fate.logical_id, fate.type, {}) for fate in prepared.of(Handling.STAND_IN)]
    differs = [*registry.capabilities(engine).differs_from_aws, *stand_ins.differences(stood_in)]
    return plan.as_json(prepared, engine, differs)
