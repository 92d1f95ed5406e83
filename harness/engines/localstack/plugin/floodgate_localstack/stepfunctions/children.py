"""`startExecution.sync` waits for the end of the child instead of asking twice a second. Imports LocalStack.

LocalStack makes an API call and sleeps for half a second in turn, and keeps a thread beside it that waits for
a task token, which AWS gives to no `.sync` task. As on AWS a child is stopped when its parent is, or when the
task times out: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.stepfunctions.executions import ended_event
from floodgate_localstack.versions import named_patch

_CHECK_S = 1.0
"""How soon the end of the parent is noticed."""


@named_patch("sfn-sync-wait")
def apply() -> None:
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service import (
        state_task_service_sfn,
    )

    task = state_task_service_sfn.StateTaskServiceSfn
    replace(task, "_build_sync_resolver", functools.partialmethod(_build, decoded=False))
    replace(task, "_build_sync2_resolver", functools.partialmethod(_build, decoded=True))
    replace(task, "_eval_sync", _eval_sync)


def _build(
    self: Any,
    env: Any,
    resource_runtime_part: Any,  # noqa: ARG001  (LocalStack's signature)
    normalised_parameters: Any,  # noqa: ARG001
    state_credentials: Any,  # noqa: ARG001
    *,
    decoded: bool,
) -> Callable[[], Any]:
    execution = _execution(env.stack.pop()["ExecutionArn"])

    def resolve() -> Any:
        while not ended_event(execution).wait(_CHECK_S):
            if not env.is_running():
                execution.stop(datetime.now(UTC), error=None, cause=None)
                return None
        return _result(self, env, execution, decoded=decoded)

    return resolve


def _execution(arn: str) -> Any:
    from localstack.services.stepfunctions.backend.store import sfn_stores
    from localstack.utils.aws.arns import parse_arn

    parsed = parse_arn(arn)
    return sfn_stores[parsed["account"]][parsed["region"]].executions[arn]


def _eval_sync(self: Any, env: Any, sync_resolver: Callable[[], Any], **_unused: Any) -> Any:  # noqa: ARG001
    return sync_resolver() if env.is_running() else None


def _result(self: Any, env: Any, execution: Any, *, decoded: bool) -> Any:
    """Return the description of a child that has succeeded; raise FailureEventException for another."""
    from localstack.aws.api.stepfunctions import DescribeExecutionOutput, ExecutionStatus

    description = {
        name: dict(value) if isinstance(value, dict) else value
        for name, value in execution.to_describe_output().items()
        if value is not None
    }
    if decoded:
        self._sync2_api_output_of(typ=DescribeExecutionOutput, value=description)
    self._normalise_response(response=description, service_action_name="describe_execution")
    if execution.exec_status == ExecutionStatus.SUCCEEDED:
        return description
    raise _failed(self, env, description)


def _failed(self: Any, env: Any, description: dict[str, Any]) -> Exception:
    from localstack.aws.api.stepfunctions import HistoryEventType
    from localstack.services.stepfunctions.asl.component.common.error_name import (
        failure_event,
        states_error_name,
        states_error_name_type,
    )
    from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

    kind = states_error_name_type.StatesErrorNameType.StatesTaskFailed
    details = {
        "resource": self._get_sfn_resource(),
        "resourceType": self._get_sfn_resource_type(),
        "error": kind.to_name(),
        "cause": to_json_str(description),
    }
    event = failure_event.FailureEvent(
        env=env,
        error_name=states_error_name.StatesErrorName(typ=kind),
        event_type=HistoryEventType.TaskFailed,
        event_details={"taskFailedEventDetails": details},
    )
    return failure_event.FailureEventException(event)
