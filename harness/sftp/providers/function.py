"""A Lambda function as identity provider: the real function, invoked in the engine.

https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html
"""

from __future__ import annotations

import json
from typing import Any

from botocore.config import Config

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, IdentityProviderError, StackLostError
from harness.sftp.identity import LoginAttempt
from harness.sftp.policies.variables import Server
from harness.sftp.providers.custom import ANSWER_CAP_S, MAX_QUESTIONS_AT_ONCE, Reply
from harness.sftp.providers.permission import InvokePermission

MAX_TOLD_CHARS = 400
"""How much of a function's error is logged; its own log has all of it."""

MIN_CUT_CHARS = 6


class FunctionQuestioner:
    """Puts the question to a Lambda function.

    :param function: its ARN
    """

    def __init__(self, engine: EngineInfo, function: str, server_id: str) -> None:
        self._function = function
        self._server_id = server_id
        self._lambda = _client(engine)
        server = Server(server_id, engine.region, engine.account_id)
        self._permission = InvokePermission(self._lambda, function, server)

    def ask(self, attempt: LoginAttempt) -> Reply:
        payload = json.dumps(event(attempt, self._server_id)).encode()
        try:
            self._permission.require()
            with aws.translated(f"asking the function {self._function}"):
                response = self._lambda.invoke(FunctionName=self._function, Payload=payload)
                body = response["Payload"].read()
        except (AwsError, StackLostError) as exc:
            raise IdentityProviderError(exc.message, hint="is the function there, and is it active?") from exc
        if error := response.get("FunctionError"):
            told = without_password(body.decode(errors="replace"), attempt.password)
            raise IdentityProviderError(
                f"the function {self._function} failed ({error}): {told[:MAX_TOLD_CHARS]}",
                hint="its own log has the whole error",
            )
        return Reply(body)


def event(attempt: LoginAttempt, server_id: str) -> dict[str, str]:
    """Return what the function is given. When its keys are asked for, there is no `password` at all."""
    password = {} if attempt.password is None else {"password": attempt.password}
    return {
        "username": attempt.user_name,
        **password,
        "protocol": attempt.protocol,
        "serverId": server_id,
        "sourceIp": attempt.source_ip,
    }


def without_password(text: str, password: str | None) -> str:
    """Return the text of an error as it may be logged: a function that fails may quote what it was given.

    The gaps that a short password leaves would tell its letters, so then nothing is left of the text.
    """
    if not password:
        return text
    if len(password) < MIN_CUT_CHARS:
        return "(not quoted)"
    for spelling in (password, repr(password)[1:-1], json.dumps(password)[1:-1], _twice_encoded(password)):
        text = text.replace(spelling, "(password)")
    return text


def _twice_encoded(password: str) -> str:
    """A JSON text that is quoted in an error is encoded once more with it."""
    return json.dumps(json.dumps(password)[1:-1])[1:-1]


def _client(engine: EngineInfo) -> Any:
    """One try only: a second one would ask a directory twice for one password, and lock accounts sooner."""
    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=ANSWER_CAP_S,
        max_pool_connections=MAX_QUESTIONS_AT_ONCE,
    )
    return aws.client("lambda", engine, config=config)
