"""One run of a workflow, from its record in the store to its last log line."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, Literal

from harness.transfer.executions.errors import StepError
from harness.transfer.executions.journal import ExecutionLog
from harness.transfer.executions.services import Services
from harness.transfer.executions.steps import Context, Location, details_of, run_step
from harness.transfer.executions.triggers import Trigger
from harness.transfer.model import Execution, Server, Workflow

Steps = tuple[dict[str, Any], ...]
Status = Literal["IN_PROGRESS", "COMPLETED", "EXCEPTION", "HANDLING_EXCEPTION"]


class WorkflowExecution:
    """Runs the steps in order; when one fails, the steps for exceptions instead of the rest.

    What failed has status EXCEPTION also when the exception was handled.
    """

    def __init__(self, trigger: Trigger, workflow: Workflow, server: Server, services: Services) -> None:
        self.id = str(uuid.uuid4())
        self._trigger = trigger
        self._workflow = workflow
        self._services = services
        location = Location(trigger.bucket, trigger.key, trigger.etag, trigger.version_id)
        self._context = Context(trigger, self.id, location, location)
        self._log = ExecutionLog(self._context, workflow, server, services)
        self._results: dict[str, list[dict[str, Any]]] = {}
        self._about = {
            "InitialFileLocation": location.wire(),
            "ServiceMetadata": {
                "UserDetails": {
                    "UserName": trigger.user_name,
                    "ServerId": trigger.server_id,
                    "SessionId": trigger.session_id,
                }
            },
            "ExecutionRole": trigger.execution_role,
            "LoggingConfiguration": self._log.configuration(server),
        }

    def run(self) -> bool:
        """Return whether all steps succeeded.

        :raises FloodgateError: the store cannot be written
        """
        self._keep("IN_PROGRESS")
        self._log.started()
        failure = self._run_steps("Steps", self._workflow.Steps)
        if failure is None:
            self._end("COMPLETED")
            return True
        if self._workflow.OnExceptionSteps:
            self._keep("HANDLING_EXCEPTION")
            self._context = replace(self._context, previous=self._context.original)
            self._run_steps("OnExceptionSteps", self._workflow.OnExceptionSteps)
        self._end("EXCEPTION")
        return False

    def refuse(self, failure: StepError) -> None:
        """End it before its first step, as there are too many."""
        self._results["Steps"] = [{"StepType": self._workflow.Steps[0]["Type"], "Error": failure.wire()}]
        self._keep("EXCEPTION")
        self._log.throttled()

    def _run_steps(self, part: Literal["Steps", "OnExceptionSteps"], steps: Steps) -> StepError | None:
        results = self._results.setdefault(part, [])
        for step in steps:
            name = details_of(step).get("Name", "")
            self._log.step_started(step["Type"], name, self._context.previous)
            try:
                self._context = run_step(step, self._context, self._services)
            except StepError as failure:
                results.append({"StepType": step["Type"], "Error": failure.wire()})
                self._log.step_errored(step["Type"], name, failure)
                return failure
            results.append({"StepType": step["Type"], "Outputs": "{}"})
            self._log.step_completed(step["Type"], name)
            self._keep("IN_PROGRESS" if part == "Steps" else "HANDLING_EXCEPTION")
        return None

    def _end(self, status: Status) -> None:
        self._keep(status)
        self._log.ended(failed=status == "EXCEPTION")

    def _keep(self, status: Status) -> None:
        results = {"Results": self._results} if self._results else {}
        self._services.store.put_execution(
            Execution(
                ExecutionId=self.id,
                WorkflowId=self._workflow.WorkflowId,
                Status=status,
                Document={**self._about, **results},
            )
        )
