"""Functions of a template get their reserved concurrency, which MiniStack drops, and first environments.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from floodgate_ministack.functions import functions

_TYPE = "AWS::Lambda::Function"


def apply() -> None:
    """Wrap what creates and updates functions of templates."""
    provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
    handler = provisioners._RESOURCE_HANDLERS[_TYPE]
    create, update = handler["create"], handler["update"]

    def created(logical_id: str, properties: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        result = create(logical_id, properties, *args, **kwargs)
        _reserve(result[0], properties)
        return result

    def updated(
        physical_id: str, old: dict[str, Any], properties: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        result = update(physical_id, old, properties, *args, **kwargs)
        _reserve(physical_id, properties)
        return result

    provisioners._RESOURCE_HANDLERS[_TYPE] = {**handler, "create": created, "update": updated}


def _reserve(name: str, properties: dict[str, Any]) -> None:
    service: Any = import_module("ministack.services.lambda_svc")
    function = service._functions[name]
    reserved = properties.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)
    if function.get("code_zip"):
        functions().prewarm(function, function["concurrency"])
