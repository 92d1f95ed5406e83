"""Does the function let Transfer in? AWS asks the function's resource policy before each invocation; the
engine does not, and a permission that was forgotten would show only after deployment.

https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness import aws
from harness.exceptions import AwsError, IdentityProviderError
from harness.sftp.policies import variables
from harness.sftp.policies.document import PolicyType, parse
from harness.sftp.policies.errors import MalformedPolicyError
from harness.sftp.policies.evaluation import Request, is_allowed
from harness.sftp.policies.variables import Server

KEPT_S = 60.0
"""How long a permission that was found is not asked for again. A refusal is never kept."""


class InvokePermission:
    """Whether one server may invoke one function.

    :param client: of Lambda
    :param function: its ARN
    :param now: seconds, monotonic
    """

    def __init__(
        self, client: Any, function: str, server: Server, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._function = function
        self._arn = f"arn:aws:transfer:{server.region}:{server.account_id}:server/{server.id}"
        self._context = {"aws:sourcearn": self._arn, "aws:sourceaccount": server.account_id}
        self._now = now
        self._good_until = float("-inf")

    def require(self) -> None:
        """Return when the function may be invoked; may wait for the engine.

        :raises IdentityProviderError: it may not
        :raises StackLostError: the engine does not answer
        """
        if self._now() < self._good_until:
            return
        if not self._is_given():
            raise IdentityProviderError(
                f"the resource policy of {self._function} does not let transfer.amazonaws.com invoke it "
                f"for {self._arn}",
                hint="aws lambda add-permission --action lambda:InvokeFunction "
                f"--principal transfer.amazonaws.com --source-arn {self._arn} …",
            )
        self._good_until = self._now() + KEPT_S

    def _is_given(self) -> bool:
        try:
            with aws.translated("reading the function's resource policy"):
                text = self._client.get_policy(FunctionName=self._function)["Policy"]
        except AwsError as exc:
            if exc.code == "ResourceNotFoundException":
                return False
            raise
        try:
            policy = parse(text, PolicyType.BUCKET)
        except MalformedPolicyError as exc:
            raise IdentityProviderError(f"the resource policy of {self._function}: {exc}") from exc
        request = Request("lambda:invokefunction", self._function, self._context)
        return is_allowed(policy, request, variables.TRANSFER)
