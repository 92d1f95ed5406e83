"""Service-managed users, their homes and their keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.transfer.api import keys, user_rules
from harness.transfer.api.control import Quotas
from harness.transfer.api.errors import ApiError
from harness.transfer.model import MapEntry, User
from tests.unit.transfer.api.conftest import FUNCTION, NOW, ROLE, Api, public_key

pytestmark = pytest.mark.unit

HOME = [{"Entry": "/", "Target": "/bucket/${transfer:UserName}"}]
KEY_2048 = public_key("ssh-rsa", key_size=2048)
KEY_1024 = public_key("ssh-rsa", key_size=1024)


@pytest.fixture
def server_id(api: Api) -> str:
    return api.server()


def described(api: Api, server_id: str, name: str = "alice") -> dict[str, Any]:
    shown: dict[str, Any] = api("DescribeUser", ServerId=server_id, UserName=name)["User"]
    return shown


def test_what_is_given_is_shown(api: Api, server_id: str) -> None:
    given: dict[str, Any] = {
        "HomeDirectory": "/in",
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryMappings": [
            {"Entry": "/in", "Target": "/b/in", "Type": "DIRECTORY"},
            {"Entry": "/note.txt", "Target": "/b/note.txt", "Type": "FILE"},
        ],
        "Policy": '{"Version": "2012-10-17", "Statement": []}',
        "PosixProfile": {"Uid": 1, "Gid": 2, "SecondaryGids": [3]},
        "Tags": [{"Key": "team", "Value": "x"}],
    }
    key = public_key(comment="alice at home")
    api.user(server_id, SshPublicKeyBody=key, **given)
    shown = described(api, server_id)
    (imported,) = shown.pop("SshPublicKeys")
    assert imported.pop("SshPublicKeyId").startswith("key-")
    assert imported == {"SshPublicKeyBody": key, "DateImported": NOW}
    assert shown == {
        **given,
        "Arn": f"arn:aws:transfer:eu-west-1:123456789012:user/{server_id}/alice",
        "Role": ROLE,
        "UserName": "alice",
    }
    assert api("ListUsers", ServerId=server_id)["Users"] == [
        {
            "Arn": shown["Arn"],
            "HomeDirectory": "/in",
            "HomeDirectoryType": "LOGICAL",
            "Role": ROLE,
            "SshPublicKeyCount": 1,
            "UserName": "alice",
        }
    ]
    assert api("DescribeServer", ServerId=server_id)["Server"]["UserCount"] == 1


def test_the_answer_names_server_and_user(api: Api, server_id: str, changes: list[str]) -> None:
    answer = api("CreateUser", ServerId=server_id, UserName="bob", Role=ROLE)
    assert answer == {"ServerId": server_id, "UserName": "bob"}
    assert changes[-1] == server_id
    shown = described(api, server_id, "bob")
    assert shown["HomeDirectoryType"] == "PATH"
    assert shown["SshPublicKeys"] == []
    assert "HomeDirectoryMappings" not in shown


def test_a_user_is_there_once(api: Api, server_id: str) -> None:
    api.user(server_id)
    assert api.refused("CreateUser", ServerId=server_id, UserName="alice", Role=ROLE).body() == {
        "__type": "ResourceExistsException",
        "Message": "User already exists",
        "Resource": "alice",
        "ResourceType": "User",
    }
    api.user(server_id, "Alice")


def test_a_user_that_cannot_have_its_key_is_not_made(api: Api, server_id: str) -> None:
    assert (
        "SSH public key"
        in api.refused(
            "CreateUser", ServerId=server_id, UserName="alice", Role=ROLE, SshPublicKeyBody=KEY_1024
        ).message
    )
    assert api("ListUsers", ServerId=server_id)["Users"] == []


def test_users_belong_to_servers_that_know_users(api: Api) -> None:
    server_id = api.server(IdentityProviderType="AWS_LAMBDA", IdentityProviderDetails={"Function": FUNCTION})
    error = api.refused("ListUsers", ServerId=server_id)
    assert error.message == "Cannot list users on server with IdP type: AWS_LAMBDA"
    assert error.code == "InvalidRequestException"
    assert api.refused("CreateUser", ServerId=server_id, UserName="bob", Role=ROLE).code == error.code


def test_unknown_users_and_servers(api: Api, server_id: str) -> None:
    nobody = {"ServerId": server_id, "UserName": "nobody"}
    for operation in ("DescribeUser", "UpdateUser", "DeleteUser"):
        error = api.refused(operation, **nobody)
        assert (error.message, error.members) == (
            "Unknown user",
            {"Resource": "nobody", "ResourceType": "User"},
        )
    unknown = f"s-{'0' * 17}"
    assert api.refused("CreateUser", ServerId=unknown, UserName="bob", Role=ROLE).message == "Unknown server"
    assert api.refused("ListUsers", ServerId=unknown).message == "Unknown server"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"UserName": "root"}, "must not be root"),
        ({"Policy": "{not json"}, "Policy must be a JSON document"),
        ({"Policy": "[]"}, "Policy must be a JSON document"),
        ({"Policy": "[" * 2000}, "Policy must be a JSON document"),
        ({"HomeDirectoryType": "LOGICAL"}, "HomeDirectoryMappings must be set"),
        ({"HomeDirectoryMappings": HOME}, "only be set when HomeDirectoryType is LOGICAL"),
    ],
)
def test_what_does_not_go_together_is_refused(
    api: Api, server_id: str, given: dict[str, Any], words: str
) -> None:
    request = {"ServerId": server_id, "UserName": "alice", "Role": ROLE, **given}
    error = api.refused("CreateUser", **request)
    assert error.code == "InvalidRequestException"
    assert words in error.message


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("/a", "/b/x/")], "without a slash at its end"),
        ([("/a/", "/b")], "without a slash at its end"),
        ([("/a//b", "/b")], "plain absolute path"),
        ([("/a/../b", "/b")], "plain absolute path"),
        ([("/.", "/b")], "plain absolute path"),
        ([("/a", "/b/./c")], "plain absolute path"),
        ([("/a", "/")], "must begin with a bucket"),
        ([("/a", "/b"), ("/a", "/c")], "Two mappings have the Entry /a"),
        ([("/", "/b"), ("/", "/c")], "Two mappings have the Entry /"),
        ([("/", "/b"), ("/marketing", "/c")], "/marketing lies inside /"),
        ([("/a/b/c", "/b"), ("/x", "/c"), ("/a", "/d")], "/a/b/c lies inside /a"),
        ([("/a\0b", "/b")], "NUL"),
    ],
)
def test_mappings_that_mean_nothing_are_refused(
    api: Api, server_id: str, pairs: list[tuple[str, str]], words: str
) -> None:
    mappings = [{"Entry": entry, "Target": target} for entry, target in pairs]
    request = {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": mappings}
    error = api.refused("CreateUser", ServerId=server_id, UserName="alice", Role=ROLE, **request)
    assert words in error.message


def test_mappings_may_overlap_when_that_is_allowed(api: Api, server_id: str) -> None:
    mappings = [{"Entry": "/", "Target": "/b"}, {"Entry": "/marketing", "Target": "/c"}]
    request: dict[str, Any] = {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": mappings}
    api.control = replace(api.control, overlapping_mappings=True)
    api.user(server_id, **request)


@pytest.mark.parametrize(
    ("home", "taken"),
    [
        (None, True),
        ("/", True),
        ("/in", True),
        ("/in/deep", True),
        ("/inside", False),
        ("/out", False),
    ],
)
def test_the_home_directory_falls_in_a_mapping(
    api: Api, server_id: str, home: str | None, taken: bool
) -> None:
    request: dict[str, Any] = {
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryMappings": [{"Entry": "/in", "Target": "/b"}],
        **({"HomeDirectory": home} if home else {}),
    }
    if taken:
        api.user(server_id, **request)
    else:
        error = api.refused("CreateUser", ServerId=server_id, UserName="alice", Role=ROLE, **request)
        assert "does not fall in any" in error.message


def test_an_update_is_held_against_the_rules_with_what_was_there(api: Api, server_id: str) -> None:
    api.user(
        server_id,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=HOME,
        Policy="{}",
        SshPublicKeyBody=KEY_2048,
    )
    who = {"ServerId": server_id, "UserName": "alice"}
    other = [{"Entry": "/in", "Target": "/b"}]
    assert api("UpdateUser", **who, HomeDirectoryMappings=other, HomeDirectory="/in", Policy="") == who
    shown = described(api, server_id)
    assert "Policy" not in shown
    assert len(shown["SshPublicKeys"]) == 1
    assert "does not fall" in api.refused("UpdateUser", **who, HomeDirectory="/out").message
    assert (
        "does not fall"
        in api.refused("UpdateUser", **who, HomeDirectoryMappings=[{"Entry": "/x", "Target": "/b"}]).message
    )
    api("UpdateUser", **who, HomeDirectoryType="PATH", HomeDirectory="/b/home")
    shown = described(api, server_id)
    assert shown["HomeDirectory"] == "/b/home"
    assert "HomeDirectoryMappings" not in shown


@pytest.mark.parametrize(
    "kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]
)
def test_the_types_of_aws_are_taken(api: Api, server_id: str, kind: str) -> None:
    api.user(server_id, SshPublicKeyBody=public_key(kind))


def test_a_key_comes_and_goes(api: Api, server_id: str) -> None:
    api.user(server_id)
    who = {"ServerId": server_id, "UserName": "alice"}
    answer = api("ImportSshPublicKey", **who, SshPublicKeyBody=KEY_2048)
    assert answer == {**who, "SshPublicKeyId": answer["SshPublicKeyId"]}
    error = api.refused("ImportSshPublicKey", **who, SshPublicKeyBody=f"  {KEY_2048} another comment\n")
    assert error.code == "ResourceExistsException"
    which = {**who, "SshPublicKeyId": answer["SshPublicKeyId"]}
    assert api("DeleteSshPublicKey", **which) == {}
    assert described(api, server_id)["SshPublicKeys"] == []
    error = api.refused("DeleteSshPublicKey", **which)
    assert error.members == {"Resource": which["SshPublicKeyId"], "ResourceType": "SshPublicKey"}
    api("ImportSshPublicKey", **who, SshPublicKeyBody=KEY_2048)


def test_two_users_may_have_one_key(api: Api, server_id: str) -> None:
    for name in ("alice", "bob"):
        api.user(server_id, name, SshPublicKeyBody=KEY_2048)


@pytest.mark.parametrize(
    "body",
    [
        KEY_1024,
        "ssh-rsa AAAAB3NzaC1yc2E=",
        "ssh-dss AAAAB3NzaC1kc3MAAACBAP=",
        "ssh-ed25519 AAAA",
        "ssh-nonsense " + KEY_2048.split()[1],
        "ecdsa-sha2-nistp256 " + KEY_2048.split()[1],
        public_key("ssh-dss"),
        "ssh-ed448 " + public_key("ssh-ed448").split()[1],
    ],
    ids=lambda body: body[:20],
)
def test_weak_and_broken_keys_are_refused(api: Api, server_id: str, body: str) -> None:
    api.user(server_id)
    error = api.refused("ImportSshPublicKey", ServerId=server_id, UserName="alice", SshPublicKeyBody=body)
    assert error.code == "InvalidRequestException"
    assert error.message == "Unsupported or invalid SSH public key format"


@given(
    st.sampled_from(["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-dss", "ssh-x"]),
    st.text(alphabet="ABCDabcd0123+/=", max_size=60),
    st.integers(0, 200),
)
def test_no_text_is_more_than_refused(kind: str, noise: str, cut: int) -> None:
    """Noise at any place of a real key, and pure noise."""
    real = KEY_2048.split()[1]
    for body in (noise, real[:cut] + noise, real[:cut] + noise + real[cut:]):
        try:
            keys.public_key(f"{kind} {body}")
        except ApiError as error:
            assert error.code == "InvalidRequestException"  # noqa: PT017 - what is not refused is right, too


def test_fifty_keys_are_enough(api: Api, server_id: str) -> None:
    api.user(server_id)
    who = {"ServerId": server_id, "UserName": "alice"}
    for _ in range(50):
        api("ImportSshPublicKey", **who, SshPublicKeyBody=public_key())
    error = api.refused("ImportSshPublicKey", **who, SshPublicKeyBody=public_key())
    assert error.message == "The maximum number of SSH public keys of the user (50) has been reached"
    assert len(described(api, server_id)["SshPublicKeys"]) == 50


def test_a_server_is_full_at_some_time(api: Api, server_id: str) -> None:
    assert Quotas().users_per_server == 10_000
    api.control = replace(api.control, quotas=Quotas(users_per_server=2))
    api.user(server_id, "one")
    api.user(server_id, "two")
    assert (
        "users of the server (2)"
        in api.refused("CreateUser", ServerId=server_id, UserName="three", Role=ROLE).message
    )


def test_mappings_are_counted_and_weighed(api: Api, server_id: str) -> None:
    def request(count: int, length: int) -> dict[str, Any]:
        mappings = [{"Entry": f"/{n}", "Target": f"/b/{'x' * length}{n}"} for n in range(count)]
        return {"HomeDirectoryType": "LOGICAL", "HomeDirectoryMappings": mappings}

    api.user(server_id, **request(2000, 1))
    for wrong in (request(2001, 1), request(2000, 1000)):
        error = api.refused("CreateUser", ServerId=server_id, UserName="bob", Role=ROLE, **wrong)
        assert "The maximum number of" in error.message


def test_users_are_listed_in_pages_while_they_come_and_go(api: Api, server_id: str) -> None:
    for name in ("u01", "u02", "u03", "u04", "u05"):
        api.user(server_id, name)
    first = api("ListUsers", ServerId=server_id, MaxResults=2)
    assert [row["UserName"] for row in first["Users"]] == ["u01", "u02"]
    api("DeleteUser", ServerId=server_id, UserName="u02")
    api.user(server_id, "u00")
    rest = api("ListUsers", ServerId=server_id, MaxResults=3, NextToken=first["NextToken"])
    assert [row["UserName"] for row in rest["Users"]] == ["u03", "u04", "u05"]
    assert "NextToken" not in rest
    other = api.server()
    error = api.refused("ListUsers", ServerId=other, NextToken=first["NextToken"])
    assert error.code == "InvalidNextTokenException"


paths = st.lists(st.sampled_from(["a", "b", "ab", "a.b"]), max_size=3).map(
    lambda parts: "/" + "/".join(parts)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(paths, min_size=1, max_size=5), paths)
def test_mappings_that_are_taken_lie_apart_and_hold_the_home(api: Api, entries: list[str], home: str) -> None:
    """The rules again, said the other way round, for any set of entries."""
    mappings = tuple(MapEntry(Entry=entry, Target="/bucket") for entry in entries)
    user = User(
        ServerId="s-1",
        UserName="alice",
        Arn="arn",
        Role=ROLE,
        HomeDirectory=home,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=mappings,
    )

    def holds(outer: str, inner: str) -> bool:
        return outer in (inner, "/") or inner.startswith(f"{outer}/")

    apart = not any(
        holds(one, other) for i, one in enumerate(entries) for j, other in enumerate(entries) if i != j
    )
    good = apart and (home == "/" or any(holds(entry, home) for entry in entries))
    refused = False
    try:
        user_rules.check(api.control, user)
    except ApiError:
        refused = True
    assert refused is not good
