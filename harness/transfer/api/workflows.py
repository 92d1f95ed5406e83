"""Operations on workflows and their executions, which `harness.transfer.executions` runs.

https://docs.aws.amazon.com/transfer/latest/userguide/nominal-steps-workflow.html
"""

from __future__ import annotations

from typing import Any

from harness.transfer.api import paging, server_rules, tags
from harness.transfer.api.control import Control, new_id
from harness.transfer.api.errors import invalid, not_available, quota, unknown
from harness.transfer.model import Execution, StepState, Workflow

_GIVEN = ("Description", "Steps", "OnExceptionSteps", "StructuredLogDestinations")


async def create_workflow(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    await server_rules.check_log_groups(control, request.get("StructuredLogDestinations", []))
    return add_workflow(control, request, new_id("w"))


def add_workflow(control: Control, request: dict[str, Any], workflow_id: str) -> dict[str, Any]:
    """Create a workflow whose id is known."""
    for step in (*request["Steps"], *request.get("OnExceptionSteps", [])):
        _check_step(step)
    if len(control.store.workflows()) >= control.quotas.workflows:
        raise quota("workflows", control.quotas.workflows)
    given = {name: request[name] for name in _GIVEN if name in request}
    workflow = Workflow(**given, WorkflowId=workflow_id, Arn=control.account.arn(f"workflow/{workflow_id}"))
    with control.store.transaction():
        control.store.put_workflow(workflow)
        tags.put(control, workflow.Arn, request.get("Tags", []))
    return {"WorkflowId": workflow_id}


def describe_workflow(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    workflow = _found(control, request["WorkflowId"])
    return {"Workflow": {**workflow.wire(), "Tags": control.tag_list(workflow.Arn)}}


def delete_workflow(control: Control, request: dict[str, Any]) -> None:
    control.store.delete_workflow(_found(control, request["WorkflowId"]).WorkflowId)


def list_workflows(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    workflows = control.store.workflows()
    chosen, token = paging.page(request, "workflows", workflows, lambda each: each.WorkflowId)
    names = ("WorkflowId", "Description", "Arn")
    rows = [{name: value for name, value in each.wire().items() if name in names} for each in chosen]
    return {"Workflows": rows, **token}


def describe_execution(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    execution = _execution(control, request)
    shown = {"ExecutionId": execution.ExecutionId, "Status": execution.Status, **execution.Document}
    return {"WorkflowId": execution.WorkflowId, "Execution": shown}


def list_executions(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """Only those in progress, as on AWS:
    https://docs.aws.amazon.com/transfer/latest/APIReference/API_ListExecutions.html
    """
    workflow = _found(control, request["WorkflowId"])
    running = [each for each in control.store.executions(workflow.WorkflowId) if _is_running(each)]
    running.sort(key=lambda each: each.ExecutionId)
    listing = f"executions of {workflow.WorkflowId}"
    chosen, token = paging.page(request, listing, running, lambda each: each.ExecutionId)
    return {"WorkflowId": workflow.WorkflowId, "Executions": [_listed(each) for each in chosen], **token}


def send_workflow_step_state(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """Kept for whoever runs the step; the first answer counts."""
    execution = _execution(control, request)
    if not _is_running(execution):
        raise invalid(f"Execution {execution.ExecutionId} is not in progress")
    if control.store.step_state(request["Token"]) is None:
        control.store.put_step_state(StepState.model_validate(request))
    return {}


def _check_step(step: dict[str, Any]) -> None:
    kind = step.get("Type")
    if kind is None:
        raise invalid("A workflow step must have a Type")
    if kind == "DECRYPT":
        raise not_available("Workflow step DECRYPT", "decrypt in a function, with CUSTOM")
    details = f"{kind.capitalize()}StepDetails"
    if details not in step:
        raise invalid(f"A {kind} step must have {details}")
    if kind == "CUSTOM" and not step[details].get("Target"):
        raise invalid("CustomStepDetails must have a Target")


def _found(control: Control, workflow_id: str) -> Workflow:
    workflow = control.store.workflow(workflow_id)
    if workflow is None:
        raise unknown("Workflow", workflow_id)
    return workflow


def _execution(control: Control, request: dict[str, Any]) -> Execution:
    workflow = _found(control, request["WorkflowId"])
    execution = control.store.execution(workflow.WorkflowId, request["ExecutionId"])
    if execution is None:
        raise unknown("Execution", request["ExecutionId"])
    return execution


def _is_running(execution: Execution) -> bool:
    return execution.Status in ("IN_PROGRESS", "HANDLING_EXCEPTION")


def _listed(execution: Execution) -> dict[str, Any]:
    names = ("InitialFileLocation", "ServiceMetadata")
    kept = {name: execution.Document[name] for name in names if name in execution.Document}
    return {"ExecutionId": execution.ExecutionId, "Status": execution.Status, **kept}
