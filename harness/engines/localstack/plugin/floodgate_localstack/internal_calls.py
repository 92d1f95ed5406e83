"""Calls between LocalStack's services without a boto client.

A call through a client is serialised, signed, taken through the handlers of the gateway, parsed, answered,
serialised and parsed again, all inside one process. What is called here is the provider method at its end.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.forwarder import create_aws_request_context
from localstack.aws.spec import load_service
from localstack.services.plugins import SERVICE_PLUGINS
from localstack.utils.xray.trace_header import TraceHeader


def provider_of(service: str) -> Any:
    """Return the provider object of a service, started if need be."""
    return SERVICE_PLUGINS.require(service)._provider


def context_of(service: str, operation: str, account_id: str, region: str) -> RequestContext:
    """Return a context of its own for one call: account, Region, and the start of a trace."""
    template = _template(service, operation, region)
    context = RequestContext(template.request)
    context.service = template.service
    context.operation = template.operation
    context.protocol = template.protocol
    context.account_id = account_id
    context.region = region
    context.trace_context = {"aws_trace_header": TraceHeader().ensure_root_exists()}
    return context


@lru_cache(maxsize=64)
def _template(service: str, operation: str, region: str) -> RequestContext:
    operations = load_service(service)
    shape = operations.operation_model(operation).input_shape
    members = shape.members.items() if shape else ()
    # A path cannot be made without its parts. Whoever is called takes its arguments and not the path.
    in_path = {name: "-" for name, member in members if member.serialization.get("location") == "uri"}
    return create_aws_request_context(service, operation, parameters=in_path, region=region)
