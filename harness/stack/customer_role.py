"""The IAM role of a stack's customers, in the engine: what Transfer Family assumes for their sessions.

One role for all, for the whole source bucket; the session policy leaves each customer the folder of their own
name, as AWS recommends: https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.aws import client, translated
from harness.deploy import api_created
from harness.deploy.record import DeploymentRecord
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, FloodgateError
from harness.stack.state import StackState

_POLICY_NAME = "source-bucket"
_OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
_OWN = "${transfer:UserName}"
_NO_IAM = {
    "501",
    "InternalFailure",
    "NotImplemented",
    "NotImplementedException",
    "ResponseParserError",
    "UnknownOperationException",
}
"""What engines answer that have no IAM: LocalStack, others, and a web server that knows nothing of AWS."""


class NoIamError(FloodgateError):
    """The engine has no IAM, so nobody's policies can be asked for."""


def create(state: StackState, engine: EngineInfo, *, bucket: str, server_id: str) -> str:
    """Make the role, noted in the deployment's record before it is there; return its ARN.

    :raises NoIamError: the engine has no IAM; nothing is noted then
    :raises AwsError: the engine refuses it
    :raises StackLostError: the engine does not answer
    """
    name = _name(state)
    record = DeploymentRecord.read(state.deploy_dir)
    if record is not None:
        record.with_api_created({"type": api_created.ROLE, "name": name}).write(state.deploy_dir)
    try:
        _put(name, engine, bucket, server_id, record.tags() if record else {})
    except AwsError as exc:
        if exc.code not in _NO_IAM:
            raise
        if record is not None:
            record.write(state.deploy_dir)
        raise NoIamError(exc.message) from exc
    return arn(state, engine)


def arn(state: StackState, engine: EngineInfo) -> str:
    """Return the role's ARN, whether it is there or not."""
    return f"arn:aws:iam::{engine.account_id}:role/{_name(state)}"


def _name(state: StackState) -> str:
    return f"floodgate-{state.name}-sftp"


def _put(name: str, engine: EngineInfo, bucket: str, server_id: str, tags: Mapping[str, str]) -> None:
    iam, trust = client("iam", engine), _text(_trust(engine, server_id))
    with translated(f"making the role {name}"):
        try:
            iam.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                Tags=[{"Key": key, "Value": tags[key]} for key in tags],
            )
        except iam.exceptions.EntityAlreadyExistsException:
            # Left by a stack of this name on an engine that goes on running.
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName=_POLICY_NAME, PolicyDocument=_text(_bucket(bucket)))


def session_policy(bucket: str) -> str:
    """Return the session policy of every customer, with the variable that Transfer Family fills in."""
    return _text(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ListFolder",
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": f"arn:aws:s3:::{bucket}",
                    "Condition": {"StringLike": {"s3:prefix": [_OWN, f"{_OWN}/*"]}},
                },
                {
                    "Sid": "UseFolder",
                    "Effect": "Allow",
                    "Action": _OBJECT_ACTIONS,
                    "Resource": f"arn:aws:s3:::{bucket}/{_OWN}/*",
                },
            ],
        }
    )


def _trust(engine: EngineInfo, server_id: str) -> dict[str, Any]:
    users = f"arn:aws:transfer:{engine.region}:{engine.account_id}:user/{server_id}/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "transfer.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": engine.account_id},
                    "ArnLike": {"aws:SourceArn": users},
                },
            }
        ],
    }


def _bucket(bucket: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
            {"Sid": "Use", "Effect": "Allow", "Action": _OBJECT_ACTIONS, "Resource": f"{arn}/*"},
        ],
    }


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document)
