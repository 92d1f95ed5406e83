"""The example identity providers as real Lambda functions, asked by the real server, against real services:
OpenLDAP, moto's Cognito, and the engine's Secrets Manager.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from harness import aws
from harness.engines.base import EngineInfo
from harness.sftp.identity import AuthenticationMethods as M
from harness.sftp.providers.custom import CustomProvider
from harness.sftp.providers.function import FunctionQuestioner
from tests.integration.authentication.clients import openssh
from tests.integration.authentication.conftest import Key
from tests.integration.authentication.directory import (
    GROUP,
    PEOPLE,
    READER,
    READER_PASSWORD,
    Directory,
    entries,
)
from tests.integration.authentication.functions import create_function
from tests.integration.authentication.running_server import SERVER_ID, RunningServer

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[3] / "examples" / "identity_providers"
SETTINGS = {"ROLE_ARN": "arn:aws:iam::000000000000:role/transfer", "BUCKET": "bucket"}
PASSWORD = "Open-Sesame-42"

Deploy = Callable[..., CustomProvider]


@pytest.fixture(scope="module")
def deploy(localstack: EngineInfo) -> Deploy:
    client = aws.client("lambda", localstack)

    def make(handler: str, methods: M, environment: dict[str, str], packages: tuple[str, ...] = ()) -> Any:
        arn = create_function(
            client,
            f"{Path(handler).stem}-{secrets.token_hex(4)}",
            EXAMPLES / handler,
            packages=packages,
            environment={**SETTINGS, **environment},
        )
        return CustomProvider(FunctionQuestioner(localstack, arn, SERVER_ID), methods)

    return make


def _secret(engine: EngineInfo, name: str, value: dict[str, Any]) -> None:
    aws.client("secretsmanager", engine).create_secret(Name=name, SecretString=json.dumps(value))


def _gets_in(server: RunningServer, name: str, key: Key | None = None, password: str | None = None) -> bool:
    result = openssh(server, name, key_file=key.file if key else None, password=password)
    assert result.returncode in (0, 255), result.stderr
    return result.returncode == 0


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, key: Key) -> Iterator[Directory]:
    with Directory(tmp_path_factory.mktemp("directory"), entries(key.line)) as running:
        yield running


@pytest.fixture(scope="module")
def ldap_provider(localstack: EngineInfo, deploy: Deploy, directory: Directory) -> CustomProvider:
    reader = f"reader-{secrets.token_hex(4)}"
    _secret(localstack, reader, {"dn": READER, "password": READER_PASSWORD})
    environment = {
        "LDAP_URL": directory.url,
        "USER_DN": f"uid={{}},{PEOPLE}",
        "GROUP_DN": GROUP,
        "READER_SECRET": reader,
    }
    return deploy("ldap_directory.py", M.PUBLIC_KEY_OR_PASSWORD, environment, ("ldap3", "pyasn1"))


@pytest.mark.parametrize(
    ("name", "password", "gets_in"),
    [
        ("alice", "alice's own", True),
        ("bob", "bob's own", True),
        ("alice", "bob's own", False),
        ("mallory", "mallory's own", False),
        ("nobody", "alice's own", False),
    ],
)
def test_a_directory_takes_passwords_of_members(
    server: RunningServer, ldap_provider: CustomProvider, name: str, password: str, gets_in: bool
) -> None:
    server.ask(ldap_provider)
    assert _gets_in(server, name, password=password) is gets_in
    assert server.errors("ERROR") == []


@pytest.mark.parametrize(
    ("name", "gets_in"), [("alice", True), ("bob", False), ("mallory", False), ("nobody", False)]
)
def test_a_directory_has_keys_of_members(
    server: RunningServer, ldap_provider: CustomProvider, key: Key, name: str, gets_in: bool
) -> None:
    server.ask(ldap_provider)
    assert _gets_in(server, name, key) is gets_in
    assert server.errors("ERROR") == []


def test_a_directory_that_is_down_fails_the_login_and_is_told(
    server: RunningServer, deploy: Deploy, key: Key
) -> None:
    environment = {"LDAP_URL": "ldap://127.0.0.1:1", "USER_DN": f"uid={{}},{PEOPLE}"}
    server.ask(deploy("ldap_directory.py", M.PASSWORD, environment, ("ldap3", "pyasn1")))
    assert not _gets_in(server, "alice", password="alice's own")
    (line,) = server.errors("ERROR")
    assert "LDAPSocketOpenError" in line["message"]


@pytest.fixture(scope="module")
def cognito() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="module")
def app_client(cognito: str) -> str:
    """A user pool with alice, and with bob, who must change his password first."""
    client = boto3.client(
        "cognito-idp",
        endpoint_url=cognito,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    pool = client.create_user_pool(PoolName="transfer")["UserPool"]["Id"]
    for name in ("alice", "bob"):
        client.admin_create_user(UserPoolId=pool, Username=name, TemporaryPassword=PASSWORD)
    client.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=True)
    answer = client.create_user_pool_client(
        UserPoolId=pool, ClientName="transfer", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    return str(answer["UserPoolClient"]["ClientId"])


@pytest.fixture(scope="module")
def cognito_provider(deploy: Deploy, cognito: str, app_client: str) -> CustomProvider:
    environment = {"CLIENT_ID": app_client, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": cognito}
    return deploy("cognito.py", M.PASSWORD, environment)


@pytest.mark.parametrize(
    ("name", "password", "gets_in"),
    [
        ("alice", PASSWORD, True),
        ("alice", "wrong", False),
        ("bob", PASSWORD, False),
        ("nobody", PASSWORD, False),
    ],
)
def test_cognito(
    server: RunningServer, cognito_provider: CustomProvider, name: str, password: str, gets_in: bool
) -> None:
    server.ask(cognito_provider)
    assert _gets_in(server, name, password=password) is gets_in
    assert server.errors("ERROR") == []


@pytest.fixture(scope="module")
def secret_provider(localstack: EngineInfo, deploy: Deploy, key: Key) -> CustomProvider:
    prefix = f"transfer-{secrets.token_hex(4)}/"
    home: dict[str, Any] = {
        "Role": SETTINGS["ROLE_ARN"],
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryDetails": [{"Entry": "/", "Target": "/bucket/${transfer:UserName}"}],
    }
    both = {**home, "Password": PASSWORD, "PublicKeys": [key.line]}
    for name, secret in {
        "alice": both,
        "no-password": {**home, "PublicKeys": [key.line]},
        "no-keys": {**home, "Password": PASSWORD},
        "elsewhere": {**both, "AcceptedNetworks": ["192.0.2.0/24"]},
        "nearby": {**both, "AcceptedNetworks": ["127.0.0.0/8"]},
    }.items():
        _secret(localstack, f"{prefix}{SERVER_ID}/{name}", secret)
    return deploy("secret.py", M.PUBLIC_KEY_OR_PASSWORD, {"SECRET_PREFIX": prefix})


@pytest.mark.parametrize(
    ("name", "by_key", "by_password"),
    [
        ("alice", True, True),
        ("no-password", True, False),
        ("no-keys", False, True),
        ("elsewhere", False, False),
        ("nearby", True, True),
        ("nobody", False, False),
    ],
)
def test_one_secret_for_each_user(
    server: RunningServer,
    secret_provider: CustomProvider,
    key: Key,
    name: str,
    by_key: bool,
    by_password: bool,
) -> None:
    server.ask(secret_provider)
    assert _gets_in(server, name, key) is by_key
    assert _gets_in(server, name, password=PASSWORD) is by_password
    assert not _gets_in(server, name, password="wrong")
    assert server.errors("ERROR") == []
