"""Where a pipeline may have left something: for each service the call that lists names, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.deploy.record import STACK_TAG

ClientOf = Callable[[str], Any]
Names = Callable[[Any], Iterable[str]]
_SQS_PAGES = {"PageSize": 1000}
"""Without a size SQS has but one page, and does not tell that there is more:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
"""


@dataclass(frozen=True)
class Look:
    """One kind of thing.

    :param service: as boto3 names it
    :param what: in the plural, for people
    :param names: yields every name (or ARN, or URL) of that kind in the Region
    """

    service: str
    what: str
    names: Names


def _paged(operation: str, field: str, name: str | None = None, **arguments: Any) -> Names:
    """Return what lists a field of every page; of what is there `name` says which part is the name."""

    def names(client: Any) -> Iterator[str]:
        for page in client.get_paginator(operation).paginate(**arguments):
            for each in page.get(field, ()):
                yield str(each if name is None else each[name])

    return names


def _rules(client: Any) -> Iterator[str]:
    token: dict[str, str] = {}
    while True:
        page = client.list_rules(**token)
        yield from (rule["Name"] for rule in page["Rules"])
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _buckets(client: Any) -> Iterator[str]:
    return (bucket["Name"] for bucket in client.list_buckets()["Buckets"])


def _alarms(client: Any) -> Iterator[str]:
    for page in client.get_paginator("describe_alarms").paginate():
        for alarm in [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]:
            yield alarm["AlarmName"]


def _networks(operation: str, field: str) -> Names:
    """Return what lists parts of networks by the stack that CloudFormation says they are of."""

    def names(client: Any) -> Iterator[str]:
        for page in client.get_paginator(operation).paginate():
            for each in page.get(field, ()):
                tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
                yield tags.get("aws:cloudformation:stack-name", tags.get("Name", ""))

    return names


def _transfer_servers(client: Any) -> Iterator[str]:
    """Name servers by the stack that their tags say they are of; their ids tell nothing."""
    for page in client.get_paginator("list_servers").paginate():
        for server in page["Servers"]:
            given = client.list_tags_for_resource(Arn=server["Arn"]).get("Tags", ())
            tags = {tag["Key"]: tag["Value"] for tag in given}
            ours = f"floodgate-{tags[STACK_TAG]}" if STACK_TAG in tags else server["Arn"]
            yield tags.get("aws:cloudformation:stack-name", ours)


LOOKS: tuple[Look, ...] = (
    Look("s3", "buckets", _buckets),
    Look("dynamodb", "tables", _paged("list_tables", "TableNames")),
    Look("sqs", "queues", _paged("list_queues", "QueueUrls", PaginationConfig=_SQS_PAGES)),
    Look("lambda", "functions", _paged("list_functions", "Functions", "FunctionName")),
    Look(
        "lambda",
        "event source mappings",
        _paged("list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    ),
    Look("stepfunctions", "state machines", _paged("list_state_machines", "stateMachines", "name")),
    Look("events", "rules", _rules),
    Look("pipes", "Pipes", _paged("list_pipes", "Pipes", "Name")),
    Look("sns", "topics", _paged("list_topics", "Topics", "TopicArn")),
    Look("logs", "log groups", _paged("describe_log_groups", "logGroups", "logGroupName")),
    Look("cloudwatch", "alarms", _alarms),
    Look("cloudwatch", "dashboards", _paged("list_dashboards", "DashboardEntries", "DashboardName")),
    Look("iam", "roles", _paged("list_roles", "Roles", "RoleName")),
    Look("iam", "policies", _paged("list_policies", "Policies", "PolicyName", Scope="Local")),
    Look("ecs", "clusters", _paged("list_clusters", "clusterArns")),
    Look("ec2", "VPCs", _networks("describe_vpcs", "Vpcs")),
    Look("ec2", "VPC endpoints", _networks("describe_vpc_endpoints", "VpcEndpoints")),
    Look("ec2", "security groups", _networks("describe_security_groups", "SecurityGroups")),
    Look("ec2", "subnets", _networks("describe_subnets", "Subnets")),
    Look("transfer", "Transfer Family servers", _transfer_servers),
)
