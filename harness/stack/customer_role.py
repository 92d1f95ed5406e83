"""The IAM role of a stack's customers, in the engine: what Transfer Family assumes for their sessions.

One role for all, for the whole source bucket; the session policy leaves each customer the folder of their own
name, as AWS recommends: https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html
"""

from __future__ import annotations

import json
from typing import Any

from harness.aws import ACCOUNT_MODE, client, translated
from harness.deploy import api_created
from harness.deploy.record import DeploymentRecord
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, DeployError, FloodgateError
from harness.stack.state import StackState

_POLICY_NAME = "source-bucket"
_OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
_OWN = "${transfer:UserName}"
NO_IAM = {
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
    :raises DeployError: an account has a role of that name that this deployment did not make
    :raises AwsError: the engine refuses it
    :raises StackLostError: the engine does not answer
    """
    name = _name(state)
    record = DeploymentRecord.read(state.deploy_dir)
    if record is not None:
        record.with_api_created(_identity(name, engine, record)).write(state.deploy_dir)
    try:
        _put(name, engine, bucket, server_id, record)
    except AwsError as exc:
        if exc.code not in NO_IAM:
            raise
        if record is not None:
            record.write(state.deploy_dir)
        raise NoIamError(exc.message) from exc
    return arn(state, engine)


def _identity(name: str, engine: EngineInfo, record: DeploymentRecord) -> dict[str, str]:
    """Return what its removal goes by: in an account a role of that name may be somebody else's."""
    found = {"type": api_created.ROLE, "name": name}
    return {**found, "token": record.token} if engine.mode == ACCOUNT_MODE else found


def arn(state: StackState, engine: EngineInfo) -> str:
    """Return the role's ARN, whether it is there or not."""
    return f"arn:aws:iam::{engine.account_id}:role/{_name(state)}"


def role_name(stack_name: str) -> str:
    """Return the role's name by that of the stack in CloudFormation."""
    return f"{stack_name}-sftp"


def _name(state: StackState) -> str:
    return role_name(f"floodgate-{state.name}")


def _put(name: str, engine: EngineInfo, bucket: str, server_id: str, record: DeploymentRecord | None) -> None:
    iam, trust = client("iam", engine), _text(_trust(engine, server_id))
    tags = record.tags() if record else {}
    with translated(f"making the role {name}"):
        try:
            iam.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                Tags=[{"Key": key, "Value": tags[key]} for key in tags],
            )
        except iam.exceptions.EntityAlreadyExistsException:
            if engine.mode == ACCOUNT_MODE:
                _require_made_by(iam, name, record)
            # Left by a stack of this name on an engine that goes on running.
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName=_POLICY_NAME, PolicyDocument=_text(_bucket(bucket)))


def _require_made_by(iam: Any, name: str, record: DeploymentRecord | None) -> None:
    """Refuse to change a role but that of this deployment, whose creation was answered twice."""
    if record is None or not api_created.is_role_of(iam, name, record.token):
        raise DeployError(
            f"the account has a role {name} already, which this deployment did not make",
            hint="choose another --name (a stack of this name in another Region has the same role)",
        )


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
