"""What IAM would take for a policy, and what it would not: nothing half-understood is ever used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.sftp.policies.document import PolicyType, parse
from harness.sftp.policies.errors import MalformedPolicyError

pytestmark = pytest.mark.unit

STATEMENT: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def text(**changes: Any) -> str:
    """Return a policy of one statement; a change to None leaves the element out."""
    statement = {name: value for name, value in {**STATEMENT, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    "changes",
    [
        {"Sid": "A1"},
        {"Action": ["s3:*", "*", "s3:?et*"]},
        {"Action": None, "NotAction": "iam:*"},
        {"Resource": None, "NotResource": ["arn:aws:s3:::bucket/*", "arn:aws:s3*"]},
        {"Resource": "arn:aws:s3:::${transfer:HomeBucket}"},
        {"Condition": {}},
        {"Condition": {"StringEquals": {"s3:prefix": ["a", 1, True]}}},
        {"Condition": {"ForAllValues:StringLikeIfExists": {"s3:prefix": "a"}}},
        {
            "Condition": {
                "NumericLessThanEquals": {"s3:max-keys": "10"},
                "Bool": {"aws:SecureTransport": False},
            }
        },
    ],
)
def test_valid(changes: dict[str, Any]) -> None:
    assert len(parse(text(**changes), PolicyType.IDENTITY).statements) == 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"Effect": None}, "Effect"),
        ({"Effect": "allow"}, "Effect"),
        ({"Action": None}, "either Action or NotAction"),
        ({"NotAction": "s3:*"}, "either Action or NotAction"),
        ({"Action": []}, "one or more strings"),
        ({"Action": [1]}, "one or more strings"),
        ({"Action": "GetObject"}, "begin with a service"),
        ({"Action": "s3:Get Object"}, "begin with a service"),
        ({"Resource": None}, "either Resource or NotResource"),
        ({"Resource": "bucket/*"}, "ARN format"),
        ({"Resource": "arn:aws:s3::bucket"}, "ARN format"),
        ({"Sid": "has space"}, "Sid"),
        ({"Sid": 1}, "Sid"),
        ({"Principal": "*"}, "no Principal"),
        ({"Actoin": "s3:*"}, "unknown elements"),
        ({"Condition": []}, "Condition"),
        ({"Condition": {"StringEquals": "a"}}, "condition keys"),
        ({"Condition": {"StringIs": {"s3:prefix": "a"}}}, "unknown condition operator"),
        ({"Condition": {"NotStringEquals": {"s3:prefix": "a"}}}, "unknown condition operator"),
        ({"Condition": {"BoolNot": {"s3:prefix": "a"}}}, "unknown condition operator"),
        ({"Condition": {"NullIfExists": {"s3:prefix": "true"}}}, "unknown condition operator"),
        ({"Condition": {"Null": {"s3:prefix": ["true", "false"]}}}, "Null"),
        ({"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "cannot compare"),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2"}}}, "cannot compare"),
        ({"Condition": {"NumericEquals": {"s3:max-keys": "ten"}}}, "cannot compare"),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "tomorrow"}}}, "cannot compare"),
        ({"Condition": {"StringEquals": {"s3:prefix": []}}}, "needs a value"),
        ({"Condition": {"StringEquals": {"s3:prefix": {"a": 1}}}}, "cannot be the value"),
    ],
)
def test_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(MalformedPolicyError, match=complaint):
        parse(text(**changes), PolicyType.IDENTITY)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("", "not JSON"),
        ("{not-json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "JSON object"),
        ("{}", "Statement"),
        ('{"Statement": []}', "Statement"),
        ('{"Statement": ["a"]}', "Statement"),
        ('{"Version": "2020-01-01", "Statement": []}', "Version"),
        ('{"Version": ["2012-10-17"], "Statement": []}', "Version"),
        ('{"Statements": []}', "unknown elements"),
        ('{"Statement": [{"Sid": "a"}, {"Sid": "a"}]}', "unique"),
        (text()[:-1] + ', "Statement": []}', "given twice"),
    ],
)
def test_refused_documents(document: str, complaint: str) -> None:
    with pytest.raises(MalformedPolicyError, match=complaint):
        parse(document, PolicyType.IDENTITY)


@pytest.mark.parametrize(
    ("policy_type", "changes", "complaint"),
    [
        (PolicyType.TRUST, {"Principal": "*"}, "no Resource"),
        (PolicyType.TRUST, {"Resource": None}, "either Principal or NotPrincipal"),
        (PolicyType.BUCKET, {}, "either Principal or NotPrincipal"),
        (PolicyType.BUCKET, {"NotPrincipal": "*"}, "cannot be used with Allow"),
        (PolicyType.BUCKET, {"Principal": "arn:aws:iam::000000000000:root"}, "Principal must be"),
        (PolicyType.BUCKET, {"Principal": {"Aws": "*"}}, "Principal must be"),
        (PolicyType.BUCKET, {"Principal": {"AWS": []}}, "one or more strings"),
    ],
)
def test_principals_that_are_refused(
    policy_type: PolicyType, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(MalformedPolicyError, match=complaint):
        parse(text(**changes), policy_type)


def test_variables_belong_to_the_newer_version() -> None:
    newer = json.loads(text(Resource="arn:aws:s3:::${aws:userid}/*"))
    older = {**newer, "Version": "2008-10-17"}
    context = {"aws:userid": "me"}
    for document, filled, literal in ((newer, True, False), (older, False, True)):
        (statement,) = parse(json.dumps(document), PolicyType.IDENTITY).statements
        assert statement.applies("arn:aws:s3:::me/x", context) is filled
        assert statement.applies("arn:aws:s3:::${aws:userid}/x", context) is literal


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("NumericLessThan", False),
        ("NotIpAddress", True),
        ("BoolIfExists", True),
    ],
)
def test_a_condition_key_that_is_missing(operator: str, holds: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/
    reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    value = {"NotIpAddress": "192.0.2.1", "BoolIfExists": "true"}.get(operator, "1")
    (statement,) = parse(text(Condition={operator: {"s3:x-absent": value}}), PolicyType.IDENTITY).statements
    assert statement.applies("arn:aws:s3:::bucket/key", {}) is holds


@pytest.mark.parametrize(
    ("element", "value", "allows", "denies"),
    [
        ("Resource", "arn:aws:s3:::${aws:absent}", False, False),
        ("Resource", ["*", "arn:aws:s3:::${aws:absent}"], False, True),
        ("NotResource", "arn:aws:s3:::${aws:absent}", False, True),
        ("NotResource", "arn:aws:s3:::${aws:absent, 'a'}", True, True),
        ("Condition", {"StringNotLike": {"aws:userid": "${aws:absent}"}}, False, True),
        ("Condition", {"StringLike": {"aws:userid": ["*", "${aws:absent}"]}}, False, True),
    ],
)
def test_a_variable_without_a_value_never_widens(
    element: str, value: Any, allows: bool, denies: bool
) -> None:
    for effect, expected in (("Allow", allows), ("Deny", denies)):
        changes: dict[str, Any] = {"Effect": effect, element: value}
        if element == "NotResource":
            changes["Resource"] = None
        (statement,) = parse(text(**changes), PolicyType.IDENTITY).statements
        assert statement.applies("arn:aws:s3:::bucket/key", {"aws:userid": "me"}) is expected
