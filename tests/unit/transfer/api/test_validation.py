"""Requests against botocore's model: AWS's words, and what no request may do to the process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import example, given
from hypothesis import strategies as st

from harness.transfer.api import shapes
from harness.transfer.api.errors import ApiError
from harness.transfer.api.operations import OPERATIONS
from harness.transfer.api.validation import (
    SSH_PUBLIC_KEY,
    SSH_PUBLIC_KEY_AT_ONCE,
    VARIABLE,
    VARIABLE_AT_ONCE,
    compiled,
    validate,
)

pytestmark = pytest.mark.unit

SERVER_ID = "s-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/sftp"
USER = {"ServerId": SERVER_ID, "UserName": "alice", "Role": ROLE}


def check(operation: str, request: Any) -> dict[str, Any]:
    return validate(shapes.operation(operation), request)


def refusal(operation: str, request: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        check(operation, request)
    return caught.value


def patterns(shape: Shape | None) -> Iterator[str]:
    """Yield all patterns in a shape."""
    if shape is None:
        return
    if "pattern" in shape.metadata:
        yield shape.metadata["pattern"]
    if isinstance(shape, ListShape):
        yield from patterns(shape.member)
    if isinstance(shape, StructureShape):
        for member in shape.members.values():
            yield from patterns(member)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"UserName": "ab"},
            "Value 'ab' at 'userName' failed to satisfy constraint: Member must have length",
        ),
        (
            {"UserName": "a b c"},
            "1 validation error detected: Value 'a b c' at 'userName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w][\\w@.-]{2,99}",
        ),
        ({"UserName": "ünder"}, "regular expression pattern: [\\w][\\w@.-]{2,99}"),
        ({"UserName": "x" * 101}, "Member must have length less than or equal to 100"),
        ({"ServerId": "s-1"}, "at 'serverId' failed to satisfy constraint: Member must have length greater"),
        ({"ServerId": "s-0123456789ABCDEF0"}, "regular expression pattern: s-([0-9a-f]{17})"),
        ({"Role": "arn:aws:iam::123456789012:user/x"}, "regular expression pattern: arn:.*role/\\S+"),
        (
            {"HomeDirectory": "relative"},
            "at 'homeDirectory' failed to satisfy constraint: Member must satisfy",
        ),
        (
            {"HomeDirectoryType": "BOTH"},
            "at 'homeDirectoryType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [PATH, LOGICAL]",
        ),
        (
            {"HomeDirectoryMappings": []},
            "at 'homeDirectoryMappings' failed to satisfy constraint: Member must have",
        ),
        (
            {"HomeDirectoryMappings": [{"Entry": "/"}]},
            "Value null at 'homeDirectoryMappings.1.member.target' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"HomeDirectoryMappings": [{"Entry": "/a", "Target": "/b"}, {"Entry": "a", "Target": "/b"}]},
            "Value 'a' at 'homeDirectoryMappings.2.member.entry'",
        ),
        (
            {"Policy": "x" * 2049},
            "at 'policy' failed to satisfy constraint: Member must have length less than or",
        ),
        (
            {"SshPublicKeyBody": "ssh-rsa " + "A" * 2048},
            "'sshPublicKeyBody' failed to satisfy constraint: "
            "Member must have length less than or equal to 2048",
        ),
        (
            {"PosixProfile": {"Uid": -1, "Gid": 0}},
            "at 'posixProfile.uid' failed to satisfy constraint: Member must ",
        ),
        ({"PosixProfile": {"Uid": 0, "Gid": 2**32}}, "must have value less than or equal to 4294967295"),
        (
            {"Tags": [{"Key": "a", "Value": "b"}] * 51},
            "at 'tags' failed to satisfy constraint: Member must have",
        ),
        ({"Tags": [{"Key": "x" * 129, "Value": "b"}]}, "at 'tags.1.member.key'"),
    ],
)
def test_a_broken_constraint_is_told_in_the_words_of_aws(changes: dict[str, Any], words: str) -> None:
    error = refusal("CreateUser", {**USER, **changes})
    assert error.code == "ValidationException"
    assert re.match(r"1 validation error detected: |2 validation errors detected: ", error.message)
    assert words in error.message


def test_all_broken_constraints_are_told_together() -> None:
    error = refusal("CreateUser", {})
    assert error.message == (
        "3 validation errors detected: "
        "Value null at 'role' failed to satisfy constraint: Member must not be null; "
        "Value null at 'serverId' failed to satisfy constraint: Member must not be null; "
        "Value null at 'userName' failed to satisfy constraint: Member must not be null"
    )


def test_a_secret_is_not_repeated() -> None:
    error = refusal(
        "TestIdentityProvider", {"ServerId": SERVER_ID, "UserName": "a!!", "UserPassword": "p" * 1025}
    )
    assert "ppp" not in error.message
    assert "Value at 'userPassword' failed" in error.message


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ([], "expected start of structure"),
        ("text", "expected start of structure"),
        (None, "expected start of structure"),
        ({"UserName": 7}, "NUMBER_VALUE can not be converted to String"),
        ({"UserName": True}, "TRUE_VALUE can not be converted to String"),
        ({"UserName": ["alice"]}, "START_ARRAY can not be converted to String"),
        ({"UserName": {"a": 1}}, "START_OBJECT can not be converted to String"),
        ({"Tags": {}}, "START_OBJECT found where start of list was expected"),
        ({"Tags": ["x"]}, "STRING_VALUE found where start of structure was expected"),
        ({"PosixProfile": {"Uid": "0", "Gid": 0}}, "STRING_VALUE can not be converted to Long"),
        ({"PosixProfile": {"Uid": 1.5, "Gid": 0}}, "NUMBER_VALUE can not be converted to Long"),
        ({"PosixProfile": {"Uid": True, "Gid": 0}}, "TRUE_VALUE can not be converted to Long"),
        ({"Policy": "\ud800"}, "surrogate"),
    ],
)
def test_a_value_of_the_wrong_type_is_not_looked_at_any_further(request_: Any, words: str) -> None:
    sent = {**USER, **request_} if isinstance(request_, dict) else request_
    error = refusal("CreateUser", sent)
    assert error.code == "SerializationException"
    assert words in error.message


def test_members_that_are_null_or_unknown_are_left_out() -> None:
    request = {**USER, "Policy": None, "Nonsense": 1, "PosixProfile": {"Uid": 0, "Gid": 0, "More": 2}}
    assert check("CreateUser", request) == {**USER, "PosixProfile": {"Uid": 0, "Gid": 0}}


@given(
    st.text(alphabet="ssh-rsaecd A=+/\t\n\r\f\v1x", max_size=14)
    | st.tuples(
        st.sampled_from(["ssh-rsa", " ssh-ed25519", "ecdsa-", "\nssh-x", "sk-ssh-x"]),
        st.text(alphabet=" \t\n", max_size=2),
        st.text(alphabet="A/+=", max_size=6),
        st.text(alphabet=" \t\n\vx=A", max_size=6),
    ).map("".join)
)
@example("ssh-1  =1")
def test_the_quick_pattern_of_keys_takes_what_the_pattern_of_aws_takes(text: str) -> None:
    slow = re.fullmatch(SSH_PUBLIC_KEY, text, re.ASCII)
    quick = re.fullmatch(SSH_PUBLIC_KEY_AT_ONCE, text, re.ASCII)
    assert bool(quick) == bool(slow)


@given(st.text(alphabet="ab.}\n", max_size=9).map(lambda text: f"${{{text}}}"))
def test_the_quick_pattern_of_variables_takes_what_the_pattern_of_aws_takes(text: str) -> None:
    slow, quick = (re.fullmatch(each, text, re.ASCII) for each in (VARIABLE, VARIABLE_AT_ONCE))
    assert bool(quick) == bool(slow)


def test_the_quick_patterns_stand_for_patterns_of_the_model() -> None:
    used = {pattern for name in OPERATIONS for pattern in patterns(shapes.operation(name).input_shape)}
    assert {SSH_PUBLIC_KEY, VARIABLE} <= used


@pytest.mark.timeout(20)
def test_a_text_made_to_keep_a_pattern_busy_is_answered() -> None:
    """AWS's own patterns need hours for these in Python."""
    body = "ssh-rsa AAAA" + " " * 2000 + "\n" + "x"
    assert "sshPublicKeyBody" in refusal("CreateUser", {**USER, "SshPublicKeyBody": body}).message
    step = {"Type": "DELETE", "DeleteStepDetails": {"SourceFileLocation": "${" + "a" * 200 + "!!}"}}
    assert "sourceFileLocation" in refusal("CreateWorkflow", {"Steps": [step]}).message


@pytest.mark.parametrize("name", OPERATIONS)
def test_python_has_every_pattern_of_every_operation(name: str) -> None:
    """They are Java's: one that does not compile here would be an error in use."""
    for pattern in patterns(shapes.operation(name).input_shape):
        compiled(pattern)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(OPERATIONS)), st.data())
def test_any_json_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    shape = shapes.operation(name).input_shape
    assert shape is not None
    request = data.draw(
        json_values | st.dictionaries(st.sampled_from(list(shape.members) or ["x"]), json_values)
    )
    refused = ""
    try:
        assert set(check(name, request)) <= set(shape.members)
    except ApiError as error:
        refused = error.code
    assert refused in ("", "ValidationException", "SerializationException")
