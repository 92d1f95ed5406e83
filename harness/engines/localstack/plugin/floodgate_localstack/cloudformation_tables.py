"""`AWS::DynamoDB::Table`: the properties that LocalStack accepts and ignores.

`PointInTimeRecoverySpecification` and `DeletionProtectionEnabled` are set through the API after the table is
there, as CloudFormation itself does it.
"""

from __future__ import annotations

from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


def finish_table(dynamodb: Any, model: dict[str, Any]) -> None:
    """Set on the table what LocalStack's resource provider leaves out.

    :param dynamodb: a DynamoDB client
    :param model: the properties of the resource, with its `TableName`
    """
    if recovery := model.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=model["TableName"], PointInTimeRecoverySpecification=recovery
        )
    if model.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=model["TableName"], DeletionProtectionEnabled=True)


@named_patch("dynamodb-table-properties")
def apply_table_properties() -> None:
    from localstack.services.cloudformation.resource_provider import OperationStatus
    from localstack.services.dynamodb.resource_providers.aws_dynamodb_table import DynamoDBTableProvider

    def create(self: Any, request: Any) -> Any:
        event = original(self, request)
        if event.status == OperationStatus.SUCCESS:
            finish_table(request.aws_client_factory.dynamodb, event.resource_model)
        return event

    original = replace(DynamoDBTableProvider, "create", create)


def apply() -> None:
    apply_table_properties()
