"""Calls that reach the gateway over HTTP: refused, delayed, or a function's last ones. Imports LocalStack.

The two handlers are in the gateway's chain only while a rule needs them.
"""

from __future__ import annotations

import time
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.handlers import run_custom_response_handlers, serve_custom_service_request_handlers

from floodgate_localstack.callers import access_key_of
from floodgate_localstack.faults.errors import is_senders_fault, status_of
from floodgate_localstack.faults.functions import FUNCTION_FAULTS, WRITES
from floodgate_localstack.faults.layer import LAYER, FaultLayer
from floodgate_localstack.faults.resources import resource_of
from floodgate_localstack.faults.rules import Rule

_FIRST_FAILURE_STATUS = 300


def before_call(_chain: Any, context: RequestContext, _response: Any) -> None:
    """Refuse or delay a call that is about to be carried out."""
    if context.is_internal_call or context.operation is None:
        return
    if FUNCTION_FAULTS.doomed and FUNCTION_FAULTS.on_call(access_key_of(context.request.headers)):
        raise CommonServiceException("ServiceUnavailable", "The caller was killed", 503)
    service, operation = context.service.service_name, context.operation.name
    for rule in LAYER.operations:
        if rule.meets_operation(service, operation) and _is_about(rule, context, service) and rule.hit():
            _apply(rule, context)


def after_call(_chain: Any, context: RequestContext, response: Any) -> None:
    """Kill a function that has just written, before it hears of it."""
    operation = context.operation
    if not FUNCTION_FAULTS.doomed or context.is_internal_call or operation is None:
        return
    if operation.name in WRITES and response.status_code < _FIRST_FAILURE_STATUS:
        FUNCTION_FAULTS.on_written(access_key_of(context.request.headers))


def _is_about(rule: Rule, context: RequestContext, service: str) -> bool:
    return rule.spec.where is None or rule.meets_resource(resource_of(service, context.service_request or {}))


def _apply(rule: Rule, context: RequestContext) -> None:
    spec = rule.spec
    if spec.effect == "delay":
        time.sleep(spec.seconds or 0.0)
        return
    code = spec.code or "InternalError"
    status = status_of(code, context.service.service_name, context.service)
    raise CommonServiceException(
        code, f"Injected by Floodgate's fault {spec.text}", status, is_senders_fault(status)
    )


def install(layer: FaultLayer) -> None:
    """Put the handlers into the chain while rules need them, and take them out when none does."""
    needed = bool(layer.operations or layer.functions)
    for composite, handler in (
        (serve_custom_service_request_handlers, before_call),
        (run_custom_response_handlers, after_call),
    ):
        if needed and handler not in composite.handlers:
            composite.handlers = [*composite.handlers, handler]
        elif not needed and handler in composite.handlers:
            composite.handlers = [each for each in composite.handlers if each is not handler]
