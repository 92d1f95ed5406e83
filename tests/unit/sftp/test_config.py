from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from harness.exceptions import UsageError
from harness.sftp import config as configuration
from harness.sftp.identity import ConfiguredUsers, LoginAttempt, Mapping, is_login_name

pytestmark = pytest.mark.unit

KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()


def _config(**changes: Any) -> dict[str, Any]:
    return {
        "host_key_file": "host_key",
        "server_id": "s-0123456789abcdef0",
        "engine": {
            "name": "localstack",
            "mode": "host",
            "version": "4",
            "endpoint_url": "http://127.0.0.1:1",
        },
        "users": [_user()],
        "uploads_file": "uploads.jsonl",
        "ready_file": "ready.json",
        **changes,
    }


def _user(**changes: Any) -> dict[str, Any]:
    return {
        "name": "alice",
        "role_arn": "arn:aws:iam::000000000000:role/transfer",
        "public_keys": [KEY],
        "home_directory_mappings": [{"Entry": "/", "Target": "/bucket/${Transfer:UserName}"}],
        **changes,
    }


def _load(tmp_path: Path, config: dict[str, Any]) -> configuration.SftpConfig:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    return configuration.load(file)


def _mapping(**changes: str) -> list[dict[str, str]]:
    return [{"Entry": "/", "Target": "/bucket/home", **changes}]


def test_defaults(tmp_path: Path) -> None:
    config = _load(tmp_path, _config())
    assert (config.host, config.port, config.part_size_bytes) == ("127.0.0.1", 0, 8 * 1024 * 1024)
    assert config.partial_upload == "keep"


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 70000},
        {"port": "many"},
        {"server_id": "s-123"},
        {"part_size_bytes": 5 * 1024 * 1024 - 1},
        {"partial_upload": "sometimes"},
        {"security_policy": "none"},
        {"users": []},
        {"users": [_user(), _user()]},
        {"users": [_user(name="ab")]},
        {"users": [_user(name="root")]},
        {"users": [_user(name="has space")]},
        {"users": [_user(public_keys=[])]},
        {"users": [_user(public_keys=["ssh-ed25519 nonsense"])]},
        {"users": [_user(public_keys=["x" * 2049])]},
        {"users": [_user(home_directory_type="PATH")]},
        {"users": [_user(home_directory_mappings=[])]},
        {"users": [_user(home_directory_mappings=_mapping() * 2)]},
        {"users": [_user(home_directory_mappings=_mapping(Target="/bucket/home/"))]},
        {"users": [_user(home_directory_mappings=_mapping(Target="bucket"))]},
        {"users": [_user(home_directory_mappings=_mapping(Target="/bucket/../other"))]},
        {"users": [_user(home_directory_mappings=_mapping(Entry="/a/../b"))]},
        {"users": [_user(home_directory_mappings=_mapping(Entry="a"))]},
        {"unknown": 1},
        {"engine": {"name": "x"}},
    ],
)
def test_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"config\.json is wrong:\n  \w+"):
        _load(tmp_path, _config(**changes))


def test_every_problem_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as info:
        _load(tmp_path, _config(port=-1, server_id="", users=[_user(name="x")]))
    for place in ("port:", "server_id:", "users.0.name:"):
        assert place in info.value.message


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        configuration.load(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UsageError, match="not JSON"):
        configuration.load(tmp_path / "broken.json")


@pytest.mark.parametrize("name", ["abc", "a.b@c-d", "_x_", "A" * 100])
def test_login_names(name: str) -> None:
    assert is_login_name(name)


@pytest.mark.parametrize("name", ["", "a", "ab", "root", "A" * 101, ".abc", "-abc", "a/b", "abc\n", "älice"])
def test_names_that_never_log_in(name: str) -> None:
    assert not is_login_name(name)


async def _find(config: configuration.SftpConfig, name: str) -> Any:
    return await ConfiguredUsers(config.users).authenticate(LoginAttempt(name, "192.0.2.1"))


def test_users_have_keys_and_filled_targets(tmp_path: Path) -> None:
    import asyncio

    config = _load(tmp_path, _config())
    user = asyncio.run(_find(config, "alice"))
    assert user.mappings == (Mapping("/", "bucket", "alice"),)
    assert user.public_keys == {asyncssh.import_public_key(KEY).public_data}
    assert asyncio.run(_find(config, "bob")) is None
