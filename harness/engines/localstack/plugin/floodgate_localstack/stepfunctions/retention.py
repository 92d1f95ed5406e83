"""Ended executions do not stay in memory for ever. Imports LocalStack.

LocalStack keeps each execution with its environment, input and history until it stops; AWS keeps them for 90
days. Here the last FLOODGATE_SFN_KEPT_EXECUTIONS that succeeded are kept, and as many of those that did not.
An Express execution is gone when it has ended: AWS has no call that would ask for it.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.stepfunctions.kept_executions import Executions, GeneratedName
from floodgate_localstack.versions import named_patch

_VARIABLE = "FLOODGATE_SFN_KEPT_EXECUTIONS"
_KEPT = 5000
"""About 20 KiB each with inputs and history of our pipeline."""


@named_patch("sfn-retention")
def apply() -> None:
    from localstack.services.stepfunctions import provider
    from localstack.services.stepfunctions.backend.execution import BaseExecutionWorkerCommunication
    from localstack.services.stepfunctions.backend.store import SFNStore

    kept = int(os.environ.get(_VARIABLE) or _KEPT)
    replace(SFNStore.__dict__["executions"], "default", lambda: Executions(kept, _does_not_exist))
    new_id: Any = replace(provider, "long_uid", lambda: GeneratedName(new_id()))

    def terminated(self: Any) -> None:
        original(self)
        _settle(self.execution)

    original: Any = replace(BaseExecutionWorkerCommunication, "terminated", terminated)


def _does_not_exist(arn: str) -> Exception:
    from localstack.aws.api.stepfunctions import ExecutionDoesNotExist

    return ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")


def _settle(execution: Any) -> None:
    from localstack.aws.api.stepfunctions import ExecutionStatus, StateMachineType
    from localstack.services.stepfunctions.backend.store import sfn_stores

    executions = sfn_stores[execution.account_id][execution.region_name].executions
    arn = execution.exec_arn
    if executions.get(arn) is not execution:
        return  # of TestState, which nobody lists
    if execution.sm_type == StateMachineType.EXPRESS:
        executions.pop(arn, None)
        return
    worker = execution.exec_worker
    if not isinstance(worker.env, _EndedEnvironment):
        worker.env = _EndedEnvironment(worker.env)
        executions.has_ended(arn, succeeded=execution.exec_status == ExecutionStatus.SUCCEEDED)


class _EndedEnvironment(SimpleNamespace):
    """What is asked of the environment of an execution that has ended."""

    def __init__(self, environment: Any) -> None:
        super().__init__(
            event_manager=environment.event_manager,
            map_run_record_pool_manager=environment.map_run_record_pool_manager,
            program_state=environment.program_state,
        )
        state = environment.program_state()
        self.program_state = lambda: state

    def is_running(self) -> bool:
        """Never again."""
        return False

    def set_stop(self, **_reason: Any) -> None:
        """Nothing: it has ended."""
