"""Tasks call Lambda, SNS and Step Functions inside the process. Imports LocalStack.

sfn-clients     one boto client for each service, Region and role
sfn-lambda      lambda:invoke and function ARNs
sfn-sns         sns:publish
sfn-executions  states:startExecution, and startSyncExecution, which fails on the host `sync-localhost`
"""

from __future__ import annotations

import io
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_TASK = "localstack.services.stepfunctions.asl.component.state.state_execution.state_task"


@named_patch("sfn-clients")
def apply_clients() -> None:
    from localstack.services.stepfunctions.asl.utils import boto_client

    from floodgate_localstack.stepfunctions.service_calls import client_for

    original = replace(boto_client, "boto_client_for", client_for)
    package = import_module(f"{_TASK}.service")
    names = [f"{_TASK}.service.{module.name}" for module in iter_modules(package.__path__)]
    for module in map(import_module, [*names, f"{_TASK}.lambda_eval_utils"]):
        if getattr(module, "boto_client_for", None) is original:
            replace(module, "boto_client_for", client_for)


@named_patch("sfn-lambda")
def apply_lambda() -> None:
    lambda_eval_utils = import_module(f"{_TASK}.lambda_eval_utils")
    replace(lambda_eval_utils, "_invoke_lambda_function", _invoke)


@named_patch("sfn-sns")
def apply_sns() -> None:
    task = import_module(f"{_TASK}.service.state_task_service_sns").StateTaskServiceSns
    replace(task, "_eval_service_task", _publish)


@named_patch("sfn-executions")
def apply_executions() -> None:
    optimised = import_module(f"{_TASK}.service.state_task_service_sfn").StateTaskServiceSfn
    sdk = import_module(f"{_TASK}.service.state_task_service_aws_sdk").StateTaskServiceAwsSdk
    replace(optimised, "_eval_service_task", _start_execution)

    def eval_sdk_task(self: Any, env: Any, **arguments: Any) -> None:
        is_start = self._get_boto_service_action() == "start_sync_execution"
        if is_start and self._get_boto_service_name() == "stepfunctions":
            _start_sync_execution(env, **arguments)
        else:
            original(self, env=env, **arguments)

    original = replace(sdk, "_eval_service_task", eval_sdk_task)


def _invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
    """Replaces `_invoke_lambda_function`."""
    from floodgate_localstack.stepfunctions.service_calls import call

    payload = parameters.get("Payload")
    request = {**parameters, "Payload": None if payload is None else io.BytesIO(payload)}
    answer = call("lambda", "Invoke", request, role_arn=state_credentials.role_arn, region=region)
    return {**answer, "Payload": _decoded(answer.get("Payload") or b"")}


def _decoded(payload: bytes | str) -> Any:
    lambda_eval_utils = import_module(f"{_TASK}.lambda_eval_utils")
    return lambda_eval_utils._from_payload(
        io.BytesIO(payload.encode() if isinstance(payload, str) else payload)
    )


def _publish(
    self: Any,  # noqa: ARG001  (LocalStack's signature)
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    """Replaces `StateTaskServiceSns._eval_service_task`: a message that is no text is sent as JSON."""
    from localstack.services.stepfunctions.asl.utils.encoding import to_json_str

    message = normalised_parameters.get("Message")
    if message is not None and not isinstance(message, str):
        normalised_parameters["Message"] = to_json_str(message)
    _append("sns", "Publish", env, resource_runtime_part, normalised_parameters, state_credentials)


def _start_execution(
    self: Any,  # noqa: ARG001  (LocalStack's signature)
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    """Replaces `StateTaskServiceSfn._eval_service_task`."""
    target = "stepfunctions", "StartExecution"
    _append(*target, env, resource_runtime_part, normalised_parameters, state_credentials)


def _start_sync_execution(
    env: Any,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    target = "stepfunctions", "StartSyncExecution"
    _append(*target, env, resource_runtime_part, normalised_parameters, state_credentials)


def _append(
    service: str,
    operation: str,
    env: Any,
    runtime_part: Any,
    parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    from floodgate_localstack.stepfunctions.service_calls import call

    answer = call(
        service, operation, parameters, role_arn=state_credentials.role_arn, region=runtime_part.region
    )
    env.stack.append({name: value for name, value in answer.items() if value is not None})


def apply() -> None:
    apply_clients()
    apply_lambda()
    apply_sns()
    apply_executions()
