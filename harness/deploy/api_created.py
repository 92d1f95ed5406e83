"""Creates, and removes, what an engine has in its API but not in its CloudFormation."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from harness.aws import translated
from harness.deploy.account.transfer_servers import SERVER, delete_created
from harness.deploy.record import TOKEN_TAG
from harness.exceptions import AwsError, DeployError

ClientOf = Callable[[str], Any]
"""Makes the boto3 client of a service."""
DASHBOARD = "AWS::CloudWatch::Dashboard"
METRIC_FILTER = "AWS::Logs::MetricFilter"
ROLE = "AWS::IAM::Role"
"""Of no template: the SFTP customers' own."""
_GONE = frozenset({"NoSuchEntity", "ResourceNotFound", "ResourceNotFoundException"})


def identify(stack_name: str, logical_id: str, type_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a resource is going to be known by, for the deployment's record.

    :param properties: as in the template, all resolved
    :raises DeployError: it lacks a property
    """
    default = f"{stack_name}-{logical_id}"
    try:
        if type_ == DASHBOARD:
            return {"type": type_, "name": properties.get("DashboardName", default)}
        name = properties.get("FilterName", default)
        return {"type": type_, "name": name, "log_group": properties["LogGroupName"]}
    except KeyError as exc:
        raise DeployError(f"{logical_id} ({type_}) has no property {exc}") from exc


def create(client_of: ClientOf, identity: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """Create one resource.

    :param identity: from `identify`
    :raises AwsError: the engine refuses it
    :raises DeployError: it lacks a property
    """
    try:
        with translated(f"creating {identity['name']} ({identity['type']})"):
            if identity["type"] == DASHBOARD:
                _put_dashboard(client_of("cloudwatch"), identity, properties)
            else:
                _put_metric_filter(client_of("logs"), identity, properties)
    except KeyError as exc:
        raise DeployError(f"{identity['name']} ({identity['type']}) has no property {exc}") from exc


def remove(client_of: ClientOf, identity: Mapping[str, Any]) -> None:
    """Remove one resource; one that has gone already is no error.

    :raises AwsError: the engine refuses it
    """
    with _gone_is_fine(), translated(f"removing {identity['name']} ({identity['type']})"):
        if identity["type"] == DASHBOARD:
            client_of("cloudwatch").delete_dashboards(DashboardNames=[identity["name"]])
        elif identity["type"] == SERVER:
            delete_created(client_of("transfer"), identity["token"])
        elif identity["type"] == ROLE:
            _delete_role(client_of("iam"), identity["name"], identity.get("token"))
        else:
            client_of("logs").delete_metric_filter(
                logGroupName=identity["log_group"], filterName=identity["name"]
            )


@contextlib.contextmanager
def _gone_is_fine() -> Any:
    try:
        yield
    except AwsError as exc:
        if exc.code not in _GONE:
            raise


def _put_dashboard(cloudwatch: Any, identity: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    cloudwatch.put_dashboard(DashboardName=identity["name"], DashboardBody=properties["DashboardBody"])


def is_role_of(iam: Any, name: str, token: str) -> bool:
    """Tell whether a role has the tag of a deployment.

    :raises botocore.exceptions.ClientError: there is no such role, or AWS refuses to tell
    """
    return {"Key": TOKEN_TAG, "Value": token} in iam.get_role(RoleName=name)["Role"].get("Tags", ())


def _delete_role(iam: Any, name: str, token: str | None) -> None:
    """Delete a role; where a token says whose it is to be, only that deployment's."""
    if token is not None and not is_role_of(iam, name, token):
        return
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _put_metric_filter(logs: Any, identity: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    logs.put_metric_filter(
        logGroupName=identity["log_group"],
        filterName=identity["name"],
        filterPattern=properties["FilterPattern"],
        metricTransformations=[_transformation(each) for each in properties["MetricTransformations"]],
    )


def _transformation(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric transformation as the API takes it: other capitals, numbers, dimensions as a map."""
    found: dict[str, Any] = {
        "metricName": properties["MetricName"],
        "metricNamespace": properties["MetricNamespace"],
        "metricValue": str(properties["MetricValue"]),
    }
    if "DefaultValue" in properties:
        found["defaultValue"] = float(properties["DefaultValue"])
    if "Dimensions" in properties:
        found["dimensions"] = {each["Key"]: each["Value"] for each in properties["Dimensions"]}
    if "Unit" in properties:
        found["unit"] = properties["Unit"]
    return found
