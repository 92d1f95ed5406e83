"""May this client in? What one connection has proved so far, on top of any identity provider.

Names that cannot be, users that do not exist, wrong keys and wrong passwords all go the same way and get the
same answer, so answers do not tell them apart.

Which methods a server offers: https://docs.aws.amazon.com/transfer/latest/userguide/custom-idp-mfa.html
"""

from __future__ import annotations

from collections.abc import Callable

import asyncssh

from harness.exceptions import IdentityProviderError
from harness.sftp.identity import (
    AuthenticationMethods,
    IdentityProvider,
    LoginAttempt,
    LoginProtocol,
    User,
    is_login_name,
)
from harness.sftp.public_keys import is_strong
from harness.sftp.throttle import FailureThrottle

MAX_PASSWORD_CHARS = 1024
"""As `TestIdentityProvider` takes them at most."""

_KEY_LABELS = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA"}
_KEY_IS_ENOUGH = {AuthenticationMethods.PUBLIC_KEY, AuthenticationMethods.PUBLIC_KEY_OR_PASSWORD}
_PASSWORD_IS_ENOUGH = {AuthenticationMethods.PASSWORD, AuthenticationMethods.PUBLIC_KEY_OR_PASSWORD}

ReportError = Callable[[LoginAttempt, IdentityProviderError], None]


class Authenticator:
    """Asks the identity provider what may be asked.

    :param report: told when the provider did not answer; the client sees an ordinary failure
    """

    def __init__(
        self,
        provider: IdentityProvider,
        *,
        throttle: FailureThrottle | None = None,
        report: ReportError = lambda _attempt, _error: None,
    ) -> None:
        self.provider = provider
        self.throttle = throttle or FailureThrottle()
        self._report = report

    def login(self, source_ip: str, protocol: LoginProtocol = "SFTP") -> Login:
        """Return the state of a new connection."""
        return Login(self, source_ip, protocol)

    async def ask(self, attempt: LoginAttempt) -> User | None:
        """Return the provider's answer, or `None` where it is not asked or does not give one."""
        if not _may_be_asked(attempt) or self.throttle.refuses(attempt.user_name, attempt.source_ip):
            return None
        try:
            return await self.provider.authenticate(attempt)
        except IdentityProviderError as exc:
            self._report(attempt, exc)
            return None


def _may_be_asked(attempt: LoginAttempt) -> bool:
    """An empty password is never handed on: to a function it looks like the question for a user's keys, whose
    answer has a role in it.
    """
    if not is_login_name(attempt.user_name):
        return False
    return attempt.password is None or 0 < len(attempt.password) <= MAX_PASSWORD_CHARS


class Login:
    """One connection on its way in. The caller shows keys and passwords, checks signatures, and calls
    `proved` after each that was right.
    """

    def __init__(self, authenticator: Authenticator, source_ip: str, protocol: LoginProtocol) -> None:
        self._authenticator = authenticator
        self._source_ip = source_ip
        self._protocol = protocol
        self._any_key_refused = False
        self.key: asyncssh.SSHKey | None = None
        """The key that opened, or helped to open, the door."""
        self.user: User | None = None
        """Set once everything is proved that the server asks for."""
        self.begin("")

    def begin(self, user_name: str) -> None:
        """Start again with another name: nothing that was proved for one name counts for the next
        (https://www.rfc-editor.org/rfc/rfc4252#section-5).
        """
        self._end_of_name()
        provider = self._authenticator.provider
        self._methods = provider.methods if self._protocol == "SFTP" else AuthenticationMethods.PASSWORD
        self._name = user_name
        self._turn = object()
        self._keys_are_known = False
        self._answer_for_keys: User | None = None
        self._candidate: User | None = None
        self._candidate_key: asyncssh.SSHKey | None = None
        self._key_is_proved = False
        self.key = None
        self.user = None

    @property
    def offers_key(self) -> bool:
        return self._methods in _KEY_IS_ENOUGH or (self._needs_both and not self._key_is_proved)

    @property
    def offers_password(self) -> bool:
        return self._methods in _PASSWORD_IS_ENOUGH or (self._needs_both and self._key_is_proved)

    @property
    def _needs_both(self) -> bool:
        return self._methods is AuthenticationMethods.PUBLIC_KEY_AND_PASSWORD

    async def try_key(self, key: asyncssh.SSHKey) -> bool:
        """Tell whether the key is one of the user's. `proved` follows when the signature is right."""
        turn = self._next_turn()
        if not self.offers_key:
            return False
        user = await self._keys_of_user(key, turn)
        if turn is not self._turn:
            return False
        if user is None or key.public_data not in user.public_keys or not is_strong(key.public_data):
            self._any_key_refused = True
            return False
        self._candidate, self._candidate_key = user, key
        return True

    def _next_turn(self) -> object:
        """Begin with a new key or password. A client may go on, to another name too, before the answer about
        the last one is there, and not every wait can be broken off in time: an answer counts only while its
        turn lasts, or one user's key would be taken for a step of another's login.
        """
        self._turn, self._candidate, self._candidate_key = object(), None, None
        return self._turn

    async def _keys_of_user(self, key: asyncssh.SSHKey, turn: object) -> User | None:
        """Ask once for all keys that a client tries, and not again when it signs: the question would be the
        same. That there is no such user is remembered too, or the number of questions would tell it.
        """
        if self._keys_are_known:
            return self._answer_for_keys
        attempt = LoginAttempt(self._name, self._source_ip, self._protocol, public_key=key)
        answer = await self._authenticator.ask(attempt)
        if turn is self._turn:
            self._answer_for_keys, self._keys_are_known = answer, True
        return answer

    async def try_password(self, password: str) -> bool:
        """Tell whether the password is right. Its answer wins over the one for the key."""
        turn = self._next_turn()
        if not self.offers_password:
            return False
        attempt = LoginAttempt(self._name, self._source_ip, self._protocol, password=password)
        user = await self._ask_about(attempt)
        if user is None or turn is not self._turn:
            return False
        self._candidate = user
        return True

    async def _ask_about(self, attempt: LoginAttempt) -> User | None:
        """A guess that its client does not wait for, or hangs up on, is a failed one, too."""
        user = None
        try:
            user = await self._authenticator.ask(attempt)
        finally:
            if user is None:
                self._authenticator.throttle.failed(attempt.user_name, attempt.source_ip)
        return user

    def proved(self) -> bool:
        """Note that the last key or password was right, the key's signature included; tell whether the login
        is complete.
        """
        if self._candidate is None:
            return False
        self.key = self._candidate_key or self.key
        if self._needs_both and not self._key_is_proved:
            self._key_is_proved = True
            self._candidate = None
            return False
        self.user = self._candidate
        self._authenticator.throttle.succeeded(self._name, self._source_ip)
        return True

    def end(self) -> None:
        """The connection is gone."""
        self._end_of_name()

    def _end_of_name(self) -> None:
        if self._any_key_refused and self.user is None:
            self._authenticator.throttle.failed(self._name, self._source_ip)
        self._any_key_refused = False


def describe_key(key: asyncssh.SSHKey) -> str:
    """Name a key as Transfer's AUTH_FAILURE lines do, e.g. `RSA SHA256:Lfz3R2…`."""
    algorithm = key.get_algorithm()
    label = _KEY_LABELS.get(algorithm, "ECDSA" if algorithm.startswith("ecdsa-") else algorithm)
    return f"{label} {key.get_fingerprint()}"
