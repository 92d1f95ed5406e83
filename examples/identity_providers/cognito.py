"""Identity provider of AWS Transfer Family that asks an Amazon Cognito user pool.

The app client has no secret and allows `ALLOW_USER_PASSWORD_AUTH`. Cognito keeps no SSH keys, so the server
is set to `SftpAuthenticationMethods: PASSWORD`.

Settings (environment):

    CLIENT_ID   app client of the user pool
    ROLE_ARN    role of every session
    BUCKET      every user sees `/BUCKET/<user name>` as `/`
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

COGNITO = boto3.client("cognito-idp")
REJECTED: dict[str, Any] = {}
REFUSALS = (
    COGNITO.exceptions.NotAuthorizedException,
    COGNITO.exceptions.UserNotFoundException,
    COGNITO.exceptions.UserNotConfirmedException,
    COGNITO.exceptions.PasswordResetRequiredException,
)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Answer Transfer. An empty answer is a rejection; other errors of Cognito fail the login, too, and are
    in this function's log.
    """
    password = event.get("password", "")
    if not password or not password_is_right(event["username"], password):
        return REJECTED
    home = [{"Entry": "/", "Target": f"/{os.environ['BUCKET']}/${{transfer:UserName}}"}]
    return {
        "Role": os.environ["ROLE_ARN"],
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryDetails": json.dumps(home),
    }


def password_is_right(name: str, password: str) -> bool:
    """A challenge (a new password is due, a second factor) is a refusal: SFTP cannot show it to the user."""
    try:
        answer = COGNITO.initiate_auth(
            ClientId=os.environ["CLIENT_ID"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
    except REFUSALS:
        return False
    return "AuthenticationResult" in answer
