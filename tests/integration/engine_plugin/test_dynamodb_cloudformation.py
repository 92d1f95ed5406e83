"""AWS::DynamoDB::Table with everything that the pipeline's template sets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration


def template(table: str) -> str:
    properties: dict[str, Any] = {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "file_id", "KeyType": "HASH"}],
        "AttributeDefinitions": [
            {"AttributeName": "file_id", "AttributeType": "S"},
            {"AttributeName": "customer_id", "AttributeType": "S"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by_customer",
                "KeySchema": [{"AttributeName": "customer_id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "Tags": [{"Key": "stack", "Value": "test"}],
    }
    return json.dumps(
        {
            "Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}},
            "Outputs": {
                "Arn": {"Value": {"Fn::GetAtt": ["Table", "Arn"]}},
                "Name": {"Value": {"Ref": "Table"}},
            },
        }
    )


def test_table_is_created_as_the_template_says_and_deleted(
    localstack: LocalStackProcess, unique: str
) -> None:
    cloudformation, dynamodb = localstack.client("cloudformation"), localstack.client("dynamodb")
    table = f"cfn-{unique}"
    cloudformation.create_stack(StackName=table, TemplateBody=template(table))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=table, WaiterConfig={"Delay": 1})

    described = dynamodb.describe_table(TableName=table)["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [index["IndexName"] for index in described["GlobalSecondaryIndexes"]] == ["by_customer"]
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"] == [
        {"Key": "stack", "Value": "test"}
    ]

    cloudformation.delete_stack(StackName=table)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=table, WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        dynamodb.describe_table(TableName=table)
