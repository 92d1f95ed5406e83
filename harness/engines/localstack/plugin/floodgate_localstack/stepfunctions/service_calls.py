"""Calls of tasks to other services, inside the process. Imports LocalStack.

LocalStack assumes the machine's role and makes a boto client for each try of each task, and calls the service
through the gateway's handlers. Here the provider's method is called with the account of the role; what goes
through a client nevertheless (aws-sdk integrations) uses one that is made once for each role.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from localstack.aws.api import ServiceException
from localstack.utils.aws.arns import extract_account_id_from_arn
from localstack.utils.strings import camel_to_snake_case

from floodgate_localstack.internal_calls import context_of, provider_of

_CLIENTS_KEPT = 256


def call(
    service: str, operation: str, parameters: Mapping[str, Any], *, role_arn: str, region: str
) -> dict[str, Any]:
    """Call an operation as the role does, with boto's names of parameters; return the answer.

    :raises ClientError: the service refuses, of a class with the name of the error as boto's own
    """
    context = context_of(service, operation, extract_account_id_from_arn(role_arn), region)
    method = getattr(provider_of(service), _snake_case(operation))
    arguments = {_snake_case(name): value for name, value in parameters.items()}
    try:
        answer: dict[str, Any] = method(context, **arguments)
    except ServiceException as exc:
        raise as_client_error(exc, operation, context.request_id) from exc
    return answer


def as_client_error(exc: ServiceException, operation: str, request_id: str | None) -> ClientError:
    """Return a provider's error as boto would raise it."""
    answer: Any = {
        "Error": {"Code": exc.code, "Message": exc.message},
        "ResponseMetadata": {"HTTPStatusCode": exc.status_code, "RequestId": request_id},
    }
    return _error_class(exc.code)(answer, operation)


def client_for(service: str, region: str, state_credentials: Any) -> Any:
    """Replaces `boto_client_for`: one client for each service, Region and role."""
    return _client(service, region, state_credentials.role_arn)


@lru_cache(_CLIENTS_KEPT)
def _client(service: str, region: str, role_arn: str) -> Any:
    from localstack.aws.connect import connect_to
    from localstack.services.stepfunctions.asl.utils import boto_client
    from localstack.utils.aws.client_types import ServicePrincipal

    # With the prefix the host of StartSyncExecution would be `sync-localhost`, which no name server knows.
    config = boto_client._BOTO_CLIENT_CONFIG.merge(Config(inject_host_prefix=False))
    return connect_to.with_assumed_role(
        role_arn=role_arn, service_principal=ServicePrincipal.states, region_name=region, config=config
    ).get_client(service=service)


@lru_cache(_CLIENTS_KEPT)
def _error_class(code: str) -> type[ClientError]:
    return type(code, (ClientError,), {})


@lru_cache(_CLIENTS_KEPT)
def _snake_case(name: str) -> str:
    return str(camel_to_snake_case(name))
