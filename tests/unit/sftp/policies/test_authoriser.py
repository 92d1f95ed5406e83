"""Role, session policy and bucket policy of one session, with IAM in memory."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from harness.sftp.authorisation import AccessDeniedError
from harness.sftp.identity import User
from harness.sftp.policies.authoriser import IamAuthoriser
from tests.unit.sftp.policies.sessions import NOTHING, SERVER, Clock, statement, user
from tests.unit.sftp.policies.sources import ALL_OF_S3, ROLE_ARN, ROLE_ID, MemorySource, role

pytestmark = pytest.mark.unit

HOME_ONLY = """{"Version":"2012-10-17","Statement":[
 {"Sid":"AllowListingOfUserFolder","Effect":"Allow","Action":["s3:ListBucket"],
  "Resource":["arn:aws:s3:::${transfer:HomeBucket}"],
  "Condition":{"StringLike":{"s3:prefix":["${transfer:HomeFolder}/*","${transfer:HomeFolder}"]}}},
 {"Sid":"HomeDirObjectAccess","Effect":"Allow","Resource":"arn:aws:s3:::${transfer:HomeDirectory}/*",
  "Action":["s3:PutObject","s3:GetObject","s3:DeleteObjectVersion","s3:DeleteObject","s3:GetObjectVersion",
  "s3:GetObjectACL","s3:PutObjectACL"]}]}"""
"""https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html, as it is there."""


def ask(
    source: MemorySource,
    who: User,
    *calls: tuple[str, str, str] | tuple[str, str, str, str],
    source_ip: str = "192.0.2.7",
) -> list[bool]:
    """Return what a new session may do, of (action, bucket, key[, prefix])."""

    async def answers() -> list[bool]:
        authoriser = IamAuthoriser(source, SERVER, ttl_s=30.0, now=Clock())
        session = authoriser.for_session(who, session_id="abc", source_ip=source_ip)
        found = []
        for action, bucket, key, *prefix in calls:
            try:
                await session.require(
                    action, bucket, key, prefix=prefix[0] if prefix else None, delimiter="/"
                )
                found.append(True)
            except AccessDeniedError:
                found.append(False)
        return found

    return asyncio.run(answers())


def denial(source: MemorySource, who: User) -> str:
    """Return the log's text of a denied operation."""

    async def message() -> str:
        session = IamAuthoriser(source, SERVER, ttl_s=30.0).for_session(who, session_id="a", source_ip="::1")
        with pytest.raises(AccessDeniedError) as caught:
            await session.require("s3:GetObject", "bucket", "key")
        return str(caught.value)

    return asyncio.run(message())


def test_the_recommended_session_policy_allows_the_home_and_nothing_else() -> None:
    assert (
        ask(
            MemorySource({"transfer": role(ALL_OF_S3)}),
            user(policy=HOME_ONLY),
            ("s3:PutObject", "bucket", "home/alice/a"),
            ("s3:GetObject", "bucket", "home/alice/a/b:c"),
            ("s3:ListBucket", "bucket", "", "home/alice/"),
            ("s3:ListBucket", "bucket", "", "home/alice"),
            ("s3:GetObject", "bucket", "home/bob/a"),
            ("s3:GetObject", "bucket", "home/alice"),
            ("s3:GetObject", "bucket2", "home/alice/a"),
            ("s3:ListBucket", "bucket", "", "home/bob/"),
            ("s3:ListBucket", "bucket", "", ""),
            ("s3:ListBucket", "bucket", ""),
            ("s3:PutObjectTagging", "bucket", "home/alice/a"),
        )
        == [True] * 4 + [False] * 7
    )


def test_a_session_policy_cannot_give_what_the_role_has_not() -> None:
    only_reading = {**ALL_OF_S3["Statement"][0], "Action": "s3:Get*"}  # type: ignore[dict-item]
    source = MemorySource({"transfer": role({"Version": "2012-10-17", "Statement": only_reading})})
    answers = ask(
        source,
        user(policy=json.dumps(ALL_OF_S3)),
        ("s3:GetObject", "bucket", "key"),
        ("s3:PutObject", "bucket", "key"),
    )
    assert answers == [True, False]


def test_variables_of_the_home_are_not_filled_in_for_logical_homes() -> None:
    who = user(policy=HOME_ONLY, home_directory_type="LOGICAL", home_directory="/bucket/home/alice")
    source = MemorySource({"transfer": role(ALL_OF_S3)})
    calls = ("s3:GetObject", "bucket", "home/alice/a"), ("s3:GetObject", "${transfer:HomeDirectory}", "a")
    assert ask(source, who, *calls) == [False, False]


@pytest.mark.parametrize("spelling", ["${transfer:UserName}", "${Transfer:UserName}", "${TRANSFER:username}"])
def test_the_user_name_is_filled_in_whatever_its_case(spelling: str) -> None:
    policy = json.dumps(ALL_OF_S3).replace(
        '"Resource": "*"', f'"Resource": "arn:aws:s3:::bucket/{spelling}/*"'
    )
    who = user(policy=policy, home_directory_type="LOGICAL")
    calls = ("s3:GetObject", "bucket", "alice/a"), ("s3:GetObject", "bucket", "bob/a")
    assert ask(MemorySource({"transfer": role(ALL_OF_S3)}), who, *calls) == [True, False]


def test_a_home_with_a_wildcard_in_its_name_is_no_wildcard() -> None:
    who = user(policy=HOME_ONLY, home_directory="/bucket/*")
    calls = ("s3:GetObject", "bucket", "bob/a"), ("s3:GetObject", "bucket", "*/a")
    assert ask(MemorySource({"transfer": role(ALL_OF_S3)}), who, *calls) == [False, True]


def test_transfer_variables_mean_nothing_in_a_role_policy() -> None:
    text = json.dumps(ALL_OF_S3).replace('"*"', '"arn:aws:s3:::bucket/${transfer:UserName}/*"')
    calls = [("s3:GetObject", "bucket", "alice/a")]
    assert ask(MemorySource({"transfer": role(text)}), user(), *calls) == [False]
    assert ask(MemorySource({"transfer": role(ALL_OF_S3)}), user(policy=text), *calls) == [True]


def test_a_role_that_does_not_exist_denies_the_operation() -> None:
    assert denial(MemorySource({}), user()).startswith("Unable to AssumeRole for user")
    assert denial(MemorySource({}), user(role_arn="nonsense")).startswith("Unable to AssumeRole for user")
    other_path = user(role_arn="arn:aws:iam::000000000000:role/path/transfer")
    assert "Unable to AssumeRole" in denial(MemorySource({"transfer": role(ALL_OF_S3)}), other_path)


@pytest.mark.parametrize(
    "policy",
    [
        '{"Statement": "x"}',
        "[]",
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}]}',
        json.dumps(ALL_OF_S3).replace("}]", ', "Condition": {"StringIs": {"s3:prefix": "a"}}}]'),
        json.dumps(ALL_OF_S3).replace('"*"', '"bucket/key"'),
        json.dumps(ALL_OF_S3) + " " * 2048,
    ],
)
def test_a_session_policy_that_sts_would_refuse_denies_every_operation(policy: str) -> None:
    source = MemorySource({"transfer": role(ALL_OF_S3)})
    assert denial(source, user(policy=policy)).startswith("Unable to AssumeRole for user: the session policy")


def test_a_role_policy_that_is_not_understood_denies_and_is_named() -> None:
    source = MemorySource({"transfer": role(ALL_OF_S3, '{"Statement": 1}')})
    assert "policy-1 is not valid" in denial(source, user())


def trusting(**condition: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com", "transfer.amazonaws.com"]},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return {"Version": "2012-10-17", "Statement": statement}


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (trusting(), True),
        (trusting(StringEquals={"aws:SourceAccount": "000000000000"}), True),
        (trusting(StringEquals={"aws:SourceAccount": "111111111111"}), False),
        (
            trusting(
                ArnLike={
                    "aws:SourceArn": "arn:aws:transfer:us-east-1:000000000000:user/s-0123456789abcdef0/*"
                }
            ),
            True,
        ),
        (trusting(ArnLike={"aws:SourceArn": "arn:aws:transfer:us-east-1:000000000000:user/s-9/*"}), False),
        (
            {
                **trusting(),
                "Statement": {**trusting()["Statement"], "Principal": {"Service": "ec2.amazonaws.com"}},
            },
            False,
        ),
        ({**trusting(), "Statement": {**trusting()["Statement"], "Action": "sts:TagSession"}}, False),
        (
            {
                **trusting(),
                "Statement": [trusting()["Statement"], {**trusting()["Statement"], "Effect": "Deny"}],
            },
            False,
        ),
    ],
)
def test_the_trust_policy_must_let_transfer_assume_the_role(trust: dict[str, Any], expected: bool) -> None:
    source = MemorySource({"transfer": role(ALL_OF_S3, trust=trust)})
    assert ask(source, user(), ("s3:GetObject", "bucket", "key")) == [expected]


def bucket_policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"bucket": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


SESSION_ARN = f"arn:aws:sts::000000000000:assumed-role/transfer/alice.abc@{SERVER.id}"


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": "000000000000"},
        {"AWS": ROLE_ARN},
        {"AWS": ["x", SESSION_ARN]},
        {"AWS": ROLE_ID},
    ],
)
def test_a_bucket_policy_denies(principal: Any) -> None:
    buckets = bucket_policy(statement("Deny", "arn:aws:s3:::bucket/secret/*", Principal=principal))
    source = MemorySource({"transfer": role(ALL_OF_S3)}, buckets)
    calls = ("s3:GetObject", "bucket", "secret/a"), ("s3:GetObject", "bucket", "a")
    assert ask(source, user(), *calls) == [False, True]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([ROLE_ARN, SESSION_ARN, "arn:aws:iam::000000000000:root"], True),
        ([ROLE_ARN, "arn:aws:iam::000000000000:root"], False),
        ([SESSION_ARN], False),
        (["arn:aws:iam::000000000000:user/other"], False),
    ],
)
def test_not_principal_spares_only_who_is_listed_in_full(listed: list[str], expected: bool) -> None:
    buckets = bucket_policy(statement("Deny", "arn:aws:s3:::bucket/*", NotPrincipal={"AWS": listed}))
    source = MemorySource({"transfer": role(ALL_OF_S3)}, buckets)
    assert ask(source, user(), ("s3:GetObject", "bucket", "key")) == [expected]


@pytest.mark.parametrize(
    ("principal", "alone", "with_session_policy"),
    [
        ({"AWS": ROLE_ARN}, True, False),
        ("*", True, False),
        ({"AWS": SESSION_ARN}, True, True),
        ({"AWS": "000000000000"}, False, False),
        ({"AWS": "arn:aws:iam::000000000000:role/other"}, False, False),
    ],
)
def test_a_bucket_policy_allows_within_the_session_policy(
    principal: Any, alone: bool, with_session_policy: bool
) -> None:
    source = MemorySource(
        {"transfer": role(NOTHING)},
        bucket_policy(statement("Allow", "arn:aws:s3:::bucket/*", Principal=principal)),
    )
    call = ("s3:GetObject", "bucket", "home/bob/a")
    assert ask(source, user(), call) == [alone]
    assert ask(source, user(policy=HOME_ONLY), call) == [with_session_policy]


def test_a_bucket_policy_that_is_not_valid_denies() -> None:
    source = MemorySource({"transfer": role(ALL_OF_S3)}, {"bucket": "{}"})
    assert "policy of bucket bucket is not valid" in denial(source, user())


def test_a_permissions_boundary_limits_the_role() -> None:
    boundary = {"Version": "2012-10-17", "Statement": [statement("Allow", "arn:aws:s3:::bucket/in/*")]}
    source = MemorySource({"transfer": role(ALL_OF_S3, boundary=boundary)})
    calls = ("s3:GetObject", "bucket", "in/a"), ("s3:GetObject", "bucket", "out/a")
    assert ask(source, user(), *calls) == [True, False]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"StringEquals": {"AWS:PRINCIPALARN": ROLE_ARN}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/trans*"}}, True),
        ({"StringLike": {"aws:userid": f"{ROLE_ID}:alice.*"}}, True),
        ({"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, False),
        ({"Null": {"s3:x-amz-server-side-encryption": "true"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": 1000}}, False),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-04-01T00:00:00Z"}}, True),
    ],
)
def test_condition_keys_of_a_session(condition: dict[str, Any], expected: bool) -> None:
    policy = {"Version": "2012-10-17", "Statement": [statement("Allow", "*", Condition=condition)]}
    source = MemorySource({"transfer": role(policy)})
    for address in ("192.0.2.7", "::ffff:192.0.2.7"):
        assert ask(source, user(), ("s3:GetObject", "bucket", "key"), source_ip=address) == [expected]
