"""An identity provider whose answers a test writes down, and that remembers what it was asked."""

from __future__ import annotations

from harness.sftp.identity import AuthenticationMethods, LoginAttempt, User


class ScriptedProvider:
    """`for_key` and `for_password` map user names to answers; the right password is in `passwords`."""

    def __init__(self, methods: AuthenticationMethods = AuthenticationMethods.PUBLIC_KEY_OR_PASSWORD) -> None:
        self.methods = methods
        self.for_key: dict[str, User] = {}
        self.for_password: dict[str, User] = {}
        self.passwords: dict[str, str] = {}
        self.asked: list[LoginAttempt] = []

    def add(self, user: User, password: str | None = None, *, by_password: User | None = None) -> None:
        self.for_key[user.name] = user
        self.for_password[user.name] = by_password or user
        if password is not None:
            self.passwords[user.name] = password

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        self.asked.append(attempt)
        if attempt.password is None:
            return self.for_key.get(attempt.user_name)
        if self.passwords.get(attempt.user_name) != attempt.password:
            return None
        return self.for_password[attempt.user_name]
