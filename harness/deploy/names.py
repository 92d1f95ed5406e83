"""Names that a template gives to what holds data: none of them may be taken when the stack is created.

CloudFormation refuses a name that is taken. LocalStack does so for tables only, and for both it deletes what
had the name first when the failed stack is deleted, with all that is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.aws import translated
from harness.deploy.api_created import ClientOf
from harness.deploy.conditions import Conditions
from harness.deploy.template import references
from harness.exceptions import AwsError, DeployError

_NAME_PROPERTY = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName"}
_NOT_FOUND = frozenset({"404", "NoSuchBucket", "ResourceNotFoundException"})


def given(resources: Mapping[str, Any], conditions: Conditions) -> dict[str, tuple[str, str]]:
    """Return type and name by logical id of the resources that the template names.

    A name that depends on another resource is as new as that one, and left out.
    """
    return {
        logical_id: (body["Type"], str(conditions.value(name)))
        for logical_id, body in resources.items()
        if (name := body.get("Properties", {}).get(_NAME_PROPERTY.get(body["Type"], ""))) is not None
        and resources.keys().isdisjoint(references(name))
    }


def require_free(client_of: ClientOf, names: Mapping[str, tuple[str, str]]) -> None:
    """Check that nothing of these names exists.

    :raises DeployError: with every name that is taken
    :raises AwsError: the engine refuses to tell
    """
    taken = [
        f"{logical_id} ({type_}) is to be named {name}, which exists already"
        for logical_id, (type_, name) in names.items()
        if _exists(client_of, type_, name)
    ]
    if taken:
        raise DeployError("; ".join(taken), hint="give it another name, as with --parameter TableName=…")


def _exists(client_of: ClientOf, type_: str, name: str) -> bool:
    try:
        with translated(f"looking for {name}"):
            _LOOKS[type_](client_of, name)
    except AwsError as exc:
        if exc.code in _NOT_FOUND:
            return False
        raise
    return True


_LOOKS: Mapping[str, Callable[[ClientOf, str], Any]] = {
    "AWS::DynamoDB::Table": lambda client_of, name: client_of("dynamodb").describe_table(TableName=name),
    "AWS::S3::Bucket": lambda client_of, name: client_of("s3").head_bucket(Bucket=name),
}
