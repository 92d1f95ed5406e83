"""AWS's response contract, field by field: section 2.2 of the specification."""

from __future__ import annotations

import json
from typing import Any

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.exceptions import IdentityProviderError
from harness.sftp.identity import Mapping, User
from harness.sftp.providers.answer import user_from

pytestmark = pytest.mark.unit

KEY = asyncssh.generate_private_key("ssh-ed25519")
LINE = KEY.export_public_key().decode()
ROLE = "arn:aws:iam::000000000000:role/transfer"
HOME = json.dumps([{"Entry": "/", "Target": "/bucket/${transfer:UserName}"}])


def _user(*, for_password: bool = True, **fields: Any) -> User | None:
    answer = {"Role": ROLE, **fields}
    return user_from(json.dumps(answer).encode(), "alice", for_password=for_password)


def _accepted(*, for_password: bool = True, **fields: Any) -> User:
    user = _user(for_password=for_password, **fields)
    assert user is not None
    return user


@pytest.mark.parametrize("role", ["", None])
def test_a_role_is_what_lets_in(role: str | None) -> None:
    assert _user(Role=role) is None
    assert _user(Role=role, PublicKeys=[LINE], for_password=False) is None
    assert _accepted().role_arn == ROLE


@pytest.mark.parametrize("answer", [b"{}", b'{"HomeDirectory": "/bucket"}'])
def test_no_role_is_a_rejection_and_no_error(answer: bytes) -> None:
    assert user_from(answer, "alice", for_password=True) is None


@pytest.mark.parametrize("answer", [b"", b"null", b"[]", b'"text"', b"7", b"{not-json", b"\xff", b"[" * 9999])
def test_what_is_not_an_object_is_an_error(answer: bytes) -> None:
    with pytest.raises(IdentityProviderError):
        user_from(answer, "alice", for_password=True)


def test_keys_are_given_for_the_question_about_keys() -> None:
    assert _accepted(for_password=False, PublicKeys=[LINE]).public_keys == {KEY.public_data}


@pytest.mark.parametrize(
    "keys", [{}, {"PublicKeys": []}, {"PublicKeys": None}, {"PublicKeys": ["no key", "ssh-rsa Ä"]}]
)
def test_without_keys_no_key_opens(keys: dict[str, Any]) -> None:
    assert _accepted(for_password=False, **keys).public_keys == frozenset()


@pytest.mark.parametrize("keys", ["", LINE, [1], {"a": 1}, [[LINE]]], ids=range(5))
def test_keys_must_be_a_list_of_strings(keys: Any) -> None:
    if keys == "":
        assert _accepted(for_password=False, PublicKeys=keys).public_keys == frozenset()
        return
    with pytest.raises(IdentityProviderError, match="PublicKeys"):
        _user(for_password=False, PublicKeys=keys)


@pytest.mark.parametrize("keys", [[], [LINE], ""])
def test_keys_in_the_answer_to_a_password_fail_the_login(keys: Any) -> None:
    with pytest.raises(IdentityProviderError, match="PublicKeys"):
        _user(PublicKeys=keys)


@pytest.mark.parametrize("policy", [{}, {"Policy": ""}, {"Policy": None}])
def test_no_policy_is_the_role_alone(policy: dict[str, Any]) -> None:
    assert _accepted(**policy).policy is None


@pytest.mark.parametrize(
    "policy", ['{"Version": "2012-10-17", "Statement": []}', '{"Statement": 1}', "[]", "7"]
)
def test_a_policy_that_is_json_is_kept_as_it_is(policy: str) -> None:
    """Whether it is a policy shows at the first operation, not at the login."""
    assert _accepted(Policy=policy).policy == policy


@pytest.mark.parametrize("policy", ["{not-json", '{"Statement": [', " ", "[" * 9999, {}, [], 7])
def test_a_policy_that_is_no_string_of_json_fails_the_login(policy: Any) -> None:
    with pytest.raises(IdentityProviderError, match="Policy"):
        _user(Policy=policy)


def test_path_is_the_default() -> None:
    user = _accepted(HomeDirectory="/bucket/home")
    assert (user.home_directory_type, user.home_directory) == ("PATH", "/bucket/home")
    assert _accepted().home_directory == "/"


def test_path_takes_no_mappings() -> None:
    assert _accepted(HomeDirectoryDetails=HOME).mappings == ()


def test_logical() -> None:
    user = _accepted(HomeDirectoryType="LOGICAL", HomeDirectoryDetails=HOME)
    assert user.mappings == (Mapping("/", "bucket", "alice"),)
    assert user.home_directory == "/"


def test_logical_with_a_first_folder_and_a_file() -> None:
    entries = [
        {"Entry": "/in", "Target": "/bucket/${Transfer:UserName}/in", "Type": "DIRECTORY"},
        {"Entry": "/readme.txt", "Target": "/bucket/readme.txt", "Type": "FILE", "Comment": "passed over"},
    ]
    user = _accepted(
        HomeDirectoryType="LOGICAL", HomeDirectoryDetails=json.dumps(entries), HomeDirectory="/in"
    )
    assert user.home_directory == "/in"
    assert user.mappings == (
        Mapping("/in", "bucket", "alice/in"),
        Mapping("/readme.txt", "bucket", "readme.txt", "FILE"),
    )


@pytest.mark.parametrize(
    "details",
    [
        None,
        "",
        "[]",
        "{}",
        "{not-json",
        "[" * 9999,
        "[1]",
        [{"Entry": "/", "Target": "/bucket"}],
        '[{"Entry": "/"}]',
        '[{"Entry": "/", "Target": "/"}]',
        '[{"Entry": "/", "Target": "/bucket/"}]',
        '[{"Entry": "/", "Target": "bucket"}]',
        '[{"Entry": "in", "Target": "/bucket"}]',
        '[{"Entry": "/", "Target": "/bucket", "Type": "LINK"}]',
        '[{"Entry": "/", "Target": 7}]',
    ],
)
def test_mappings_that_fail_the_login(details: Any) -> None:
    with pytest.raises(IdentityProviderError):
        _user(HomeDirectoryType="LOGICAL", HomeDirectoryDetails=details)


@pytest.mark.parametrize(
    "fields",
    [{"HomeDirectoryType": "OTHER"}, {"HomeDirectory": "bucket"}, {"HomeDirectory": 7}, {"Role": ["x"]}],
)
def test_other_fields_that_fail_the_login(fields: dict[str, Any]) -> None:
    with pytest.raises(IdentityProviderError):
        _user(**fields)


def test_fields_that_are_for_others_are_passed_over() -> None:
    assert _accepted(PosixProfile={"Uid": 1, "Gid": 1}, Anything="else").role_arn == ROLE


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_FIELDS = ["Role", "PublicKeys", "Policy", "HomeDirectoryType", "HomeDirectoryDetails", "HomeDirectory"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(_FIELDS), _JSON | st.just("LOGICAL") | _JSON.map(json.dumps)),
    st.booleans(),
)
def test_no_answer_breaks_the_reader(answer: dict[str, Any], for_password: bool) -> None:
    try:
        user = user_from(json.dumps(answer).encode(), "alice", for_password=for_password)
    except IdentityProviderError:
        return
    assert (user is not None) == bool(answer.get("Role"))
