"""`AWS::Lambda::Function`: `ReservedConcurrentExecutions`, which LocalStack accepts and ignores.

It is set through the API once the function is there, as CloudFormation itself does it, and before anything is
made that refers to the function. Without it no function of a template is ever throttled by its own limit.
"""

from __future__ import annotations

from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


def finish_function(lambda_client: Any, model: dict[str, Any]) -> None:
    """Set on the function what LocalStack's resource provider leaves out.

    :param lambda_client: a Lambda client
    :param model: the properties of the resource, with its `FunctionName`; numbers may be text
    """
    reserved = model.get("ReservedConcurrentExecutions")
    if reserved is not None:
        lambda_client.put_function_concurrency(
            FunctionName=model["FunctionName"], ReservedConcurrentExecutions=int(reserved)
        )


@named_patch("function-reserved-concurrency")
def apply() -> None:
    from localstack.services.cloudformation.resource_provider import OperationStatus
    from localstack.services.lambda_.resource_providers.aws_lambda_function import LambdaFunctionProvider

    def create(self: Any, request: Any) -> Any:
        event = original(self, request)
        if event.status == OperationStatus.SUCCESS:
            finish_function(request.aws_client_factory.lambda_, event.resource_model)
        return event

    original = replace(LambdaFunctionProvider, "create", create)
