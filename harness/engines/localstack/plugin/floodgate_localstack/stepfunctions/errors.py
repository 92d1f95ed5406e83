"""Names of errors as on AWS. Imports LocalStack.

`Exception` is what LocalStack calls a Lambda error that it has no name for. AWS: `Lambda.<error>` for what
the service refuses, `Lambda.Unknown` for a function that ended without an error type.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_UNNAMED = "Exception"
_TASK = "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"


@named_patch("sfn-lambda-errors")
def apply() -> None:
    _name_errors_of(import_module(f"{_TASK}.service.state_task_service_lambda").StateTaskServiceLambda)
    _name_errors_of(import_module(f"{_TASK}.state_task_lambda").StateTaskLambda)


def _name_errors_of(task: Any) -> None:
    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = original(self, env=env, ex=ex)
        name = _name_of(ex)
        if name and event.error_name.error_name == _UNNAMED:
            _rename(event, name)
        return event

    original = replace(task, "_from_error", from_error)


def _name_of(ex: Exception) -> str | None:
    """Return AWS's name of an error that LocalStack calls `Exception`; None where that is its name."""
    from botocore.exceptions import ClientError

    if isinstance(ex, ClientError):
        return f"Lambda.{ex.response['Error']['Code']}"
    payload = getattr(ex, "payload", None)
    return None if payload is None or _has_type(payload) else "Lambda.Unknown"


def _has_type(payload: str) -> bool:
    try:
        content = json.loads(payload)
    except ValueError:
        return False
    return isinstance(content, dict) and "errorType" in content


def _rename(event: Any, name: str) -> None:
    from localstack.services.stepfunctions.asl.component.common.error_name.custom_error_name import (
        CustomErrorName,
    )

    event.error_name = CustomErrorName(name)
    for details in event.event_details.values():
        details["error"] = name
