"""What both kinds of custom identity provider share: questions asked in threads, a time cap, the answer."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from harness.exceptions import IdentityProviderError
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, User
from harness.sftp.providers.answer import user_from

ANSWER_CAP_S = 30.0
"""AWS advises functions to answer within 15 s and publishes no cap of its own."""
MAX_QUESTIONS_AT_ONCE = 64
"""Further logins wait for their turn; the wait counts towards the cap."""


@dataclass(frozen=True)
class Reply:
    """What came back, as `TestIdentityProvider` shows it. `url` is empty for a function."""

    body: bytes
    status: int = 200
    url: str = ""


class Questioner(Protocol):
    """Knows how to put the question."""

    def ask(self, attempt: LoginAttempt) -> Reply:
        """Ask and wait.

        :raises IdentityProviderError: no answer came
        """


class CustomProvider:
    """An identity provider that customers write themselves.

    :param cap_s: after so many seconds without an answer the login fails
    """

    def __init__(
        self, questioner: Questioner, methods: AuthenticationMethods, *, cap_s: float = ANSWER_CAP_S
    ) -> None:
        self.methods = methods
        self._questioner = questioner
        self._cap_s = cap_s
        self._threads = ThreadPoolExecutor(MAX_QUESTIONS_AT_ONCE, thread_name_prefix="identity-provider")

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        question = functools.partial(self._questioner.ask, attempt)
        try:
            async with asyncio.timeout(self._cap_s):
                reply = await asyncio.get_running_loop().run_in_executor(self._threads, question)
        except TimeoutError as exc:
            raise IdentityProviderError(
                f"the identity provider did not answer within {self._cap_s:g} s",
                hint="raise its own timeout only after making it faster: AWS advises 15 s at most",
            ) from exc
        return user_in(reply, attempt)


def user_in(reply: Reply, attempt: LoginAttempt) -> User | None:
    """Return the user whom the reply lets in; `None` when it rejects.

    :raises IdentityProviderError: its status is not 200, or it breaks the contract
    """
    if reply.status != 200:
        raise IdentityProviderError(
            f"the identity provider answered with status {reply.status}",
            hint="a rejection has status 200 and no `Role`",
        )
    return user_from(reply.body, attempt.user_name, for_password=attempt.password is not None)
