"""A REST API of the engine's API Gateway as identity provider, made as AWS's own template makes it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from harness.sftp.identity import AuthenticationMethods as M
from harness.sftp.providers.api_gateway import UrlQuestioner
from harness.sftp.providers.custom import CustomProvider
from tests.integration.authentication.behind_api_gateway import PASSWORD
from tests.integration.authentication.clients import openssh
from tests.integration.authentication.functions import create_function
from tests.integration.authentication.running_server import SERVER_ID, RunningServer

pytestmark = pytest.mark.integration

PATH = ("servers", "{serverId}", "users", "{username}", "config")


@pytest.fixture(scope="module")
def url(localstack: EngineInfo) -> str:
    handler = Path(__file__).with_name("behind_api_gateway.py")
    name = f"behind-{secrets.token_hex(4)}"
    function = create_function(aws.client("lambda", localstack), name, handler)
    gateway = aws.client("apigateway", localstack)
    api = gateway.create_rest_api(name=name)["id"]
    _serve(gateway, api, function, localstack.region)
    gateway.create_deployment(restApiId=api, stageName="prod")
    return f"{localstack.endpoint_url}/restapis/{api}/prod/_user_request_"


def _serve(gateway: Any, api: str, function: str, region: str) -> None:
    """Have the function answer GET on `PATH`, for callers who sign."""
    resource = gateway.get_resources(restApiId=api)["items"][0]["id"]
    for part in PATH:
        resource = gateway.create_resource(restApiId=api, parentId=resource, pathPart=part)["id"]
    where = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="AWS_IAM")
    gateway.put_integration(
        **where,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
    )


def test_openssh_logs_in_through_it(server: RunningServer, localstack: EngineInfo, url: str) -> None:
    server.ask(CustomProvider(UrlQuestioner(localstack, url, SERVER_ID), M.PASSWORD))
    assert f"/{SERVER_ID}/alice" in openssh(server, "alice", password=PASSWORD).stdout
    assert openssh(server, "alice", password="wrong").returncode == 255
    assert server.errors("ERROR") == []
