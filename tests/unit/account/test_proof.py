"""The proof that nothing is left: every service's list, in AWS's own shapes, over several pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.deploy.account import proof
from harness.deploy.account.looks import LOOKS, Look
from harness.deploy.account.proof import Answer, Proof, prove
from tests.unit.account.stubs import Answer as Answered
from tests.unit.account.stubs import answering

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ARN = "arn:aws:sns:us-east-1:123456789012:"
PAGES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "buckets": [("list_buckets", {"Buckets": [{"Name": "a"}, {"Name": "b"}]})],
    "tables": [
        ("list_tables", {"TableNames": ["table-a"], "LastEvaluatedTableName": "table-a"}),
        ("list_tables", {"TableNames": ["table-b"]}),
    ],
    "queues": [
        ("list_queues", {"QueueUrls": ["a"], "NextToken": "2"}),
        ("list_queues", {"QueueUrls": ["b"]}),
    ],
    "functions": [
        ("list_functions", {"Functions": [{"FunctionName": "a"}], "NextMarker": "2"}),
        ("list_functions", {"Functions": [{"FunctionName": "b"}]}),
    ],
    "event source mappings": [
        ("list_event_source_mappings", {"EventSourceMappings": [{"FunctionArn": "a"}], "NextMarker": "2"}),
        ("list_event_source_mappings", {"EventSourceMappings": [{"FunctionArn": "b"}]}),
    ],
    "state machines": [
        (
            "list_state_machines",
            {
                "stateMachines": [
                    {"name": name, "stateMachineArn": name, "type": "STANDARD", "creationDate": NOW}
                    for name in ("a", "b")
                ]
            },
        )
    ],
    "rules": [
        ("list_rules", {"Rules": [{"Name": "a"}], "NextToken": "2"}),
        ("list_rules", {"Rules": [{"Name": "b"}]}),
    ],
    "Pipes": [
        ("list_pipes", {"Pipes": [{"Name": "a"}], "NextToken": "2"}),
        ("list_pipes", {"Pipes": [{"Name": "b"}]}),
    ],
    "topics": [
        ("list_topics", {"Topics": [{"TopicArn": "a"}], "NextToken": "2"}),
        ("list_topics", {"Topics": [{"TopicArn": "b"}]}),
    ],
    "log groups": [
        ("describe_log_groups", {"logGroups": [{"logGroupName": "a"}], "nextToken": "2"}),
        ("describe_log_groups", {"logGroups": [{"logGroupName": "b"}]}),
    ],
    "alarms": [
        ("describe_alarms", {"MetricAlarms": [{"AlarmName": "a"}], "NextToken": "2"}),
        ("describe_alarms", {"CompositeAlarms": [{"AlarmName": "b"}]}),
    ],
    "dashboards": [
        ("list_dashboards", {"DashboardEntries": [{"DashboardName": "a"}, {"DashboardName": "b"}]})
    ],
    "roles": [
        (
            "list_roles",
            {
                "Roles": [
                    {
                        "Path": "/",
                        "RoleName": name,
                        "RoleId": "AROA1234567890EXAMPLE",
                        "Arn": "arn:aws:iam::123456789012:role/a",
                        "CreateDate": NOW,
                    }
                    for name in ("a", "b")
                ]
            },
        )
    ],
    "policies": [("list_policies", {"Policies": [{"PolicyName": "a"}, {"PolicyName": "b"}]})],
    "clusters": [
        ("list_clusters", {"clusterArns": ["a"], "nextToken": "2"}),
        ("list_clusters", {"clusterArns": ["b"]}),
    ],
    **{
        what: [(operation, {field: [{"Tags": tags} for tags in _tags]})]
        for what, operation, field in (
            ("VPCs", "describe_vpcs", "Vpcs"),
            ("VPC endpoints", "describe_vpc_endpoints", "VpcEndpoints"),
            ("security groups", "describe_security_groups", "SecurityGroups"),
            ("subnets", "describe_subnets", "Subnets"),
        )
        for _tags in [
            [
                [{"Key": "aws:cloudformation:stack-name", "Value": "a"}, {"Key": "Name", "Value": "x"}],
                [{"Key": "Name", "Value": "b"}],
            ]
        ]
    },
    "Transfer Family servers": [
        ("list_servers", {"Servers": [{"Arn": f"{ARN}server/s-1"}, {"Arn": f"{ARN}server/s-2"}]}),
        ("list_tags_for_resource", {"Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "a"}]}),
        ("list_tags_for_resource", {"Tags": [{"Key": "floodgate:stack", "Value": "b"}]}),
    ],
}


def test_queues_are_asked_for_by_the_page() -> None:
    """Only then SQS tells of more than a thousand."""
    (look,) = (look for look in LOOKS if look.what == "queues")
    pages: list[Answered] = [
        ("list_queues", {"MaxResults": 1000}, {"QueueUrls": ["a"], "NextToken": "2"}),
        ("list_queues", {"MaxResults": 1000, "NextToken": "2"}, {"QueueUrls": ["b"]}),
    ]
    client, stub = answering("sqs", pages)
    assert list(look.names(client)) == ["a", "b"]
    stub.assert_no_pending_responses()


_OTHER_NAMES = {"transfer": ["a", "floodgate-b"], "dynamodb": ["table-a", "table-b"]}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.what)
def test_every_list_is_read_to_its_end(look: Look) -> None:
    client, stub = answering(look.service, [])
    for operation, response in PAGES[look.what]:
        stub.add_response(operation, response)
    names = list(look.names(client))
    assert names == _OTHER_NAMES.get(look.service, ["a", "b"])
    stub.assert_no_pending_responses()


class Account:
    """An account with these names in it; what it lacks it refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, stacks: list[str], **names: Any) -> None:
        self.stacks = [{"StackName": name, "StackStatus": "CREATE_COMPLETE"} for name in stacks]
        self.tagged: list[str] = []
        looks = [Look("s", what, _names(found)) for what, found in names.items()]
        monkeypatch.setattr(proof, "LOOKS", looks)

    def client_of(self, service: str) -> Any:
        del service
        return self

    def get_paginator(self, operation: str) -> Any:
        self.operation = operation
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.operation == "list_stacks":
            return [{"StackSummaries": self.stacks}]
        return [{"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self.tagged]}]


def _names(found: Any) -> Any:
    def names(_: Any) -> list[str]:
        if isinstance(found, str):
            raise ClientError({"Error": {"Code": found, "Message": "no"}}, "List")
        return list(found)

    return names


def test_names_of_other_stacks_that_begin_alike_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(
        monkeypatch,
        stacks=["floodgate-x-2", "floodgate-xy"],
        queues=["https://q/floodgate-x-2-work", "https://q/floodgate-x-work", "https://q/floodgate-xy-work"],
        logs=["/aws/lambda/floodgate-x-worker", "/aws/lambda/floodgate-x-2-worker"],
        buckets=["floodgate-x-source-1", "floodgate-x-2-source-1"],
    )
    found = prove(account.client_of, "floodgate-x")
    assert found.left == [
        "queues: https://q/floodgate-x-work",
        "logs: /aws/lambda/floodgate-x-worker",
        "buckets: floodgate-x-source-1",
    ]
    assert not found.is_complete
    assert all(line.startswith("STILL THERE") for line in found.lines())


def test_known_names_tags_and_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, stacks=[], tables=["FileTransferMetadata", "Other"])
    account.tagged = ["arn:aws:sqs:::q"]
    found = prove(
        account.client_of, "floodgate-x", known=["FileTransferMetadata"], artifacts=lambda: ["floodgate-x/a"]
    )
    assert len(found.left) == 3


def test_a_service_that_could_not_be_asked_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, stacks=[], queues="AccessDenied")
    found = prove(account.client_of, "floodgate-x")
    assert not found.left
    assert not found.is_complete
    assert any("NOT LOOKED AT: queues" in line for line in found.lines())


@pytest.mark.parametrize("is_aws", [True, False])
def test_a_service_that_is_lacking_holds_nothing_unless_it_is_awss(
    monkeypatch: pytest.MonkeyPatch, is_aws: bool
) -> None:
    account = Account(monkeypatch, stacks=[], pipes="InternalFailure")
    assert prove(account.client_of, "floodgate-x", is_aws_itself=is_aws).is_complete is not is_aws


def test_the_proof_tells_what_was_looked_at() -> None:
    (line,) = Proof("floodgate-x", (Answer("buckets", 4), Answer("queues", 2))).lines()
    assert line == "nothing of floodgate-x among: 4 buckets, 2 queues"
