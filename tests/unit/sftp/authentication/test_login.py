"""What one connection has proved, for each setting of `SftpAuthenticationMethods`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncssh
import pytest

from harness.exceptions import IdentityProviderError
from harness.sftp.authentication import MAX_PASSWORD_CHARS, Authenticator, Login
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, LoginProtocol, User
from harness.sftp.throttle import FailureThrottle, Limit
from tests.unit.sftp.authentication.scripted import ScriptedProvider

pytestmark = pytest.mark.unit

KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")
BY_KEY = User("alice", "role-of-the-key", frozenset({KEY.public_data}))
BY_PASSWORD = User("alice", "role-of-the-password")
SOURCE = "192.0.2.7"
M = AuthenticationMethods


def _provider(methods: AuthenticationMethods) -> ScriptedProvider:
    provider = ScriptedProvider(methods)
    provider.add(BY_KEY, "secret", by_password=BY_PASSWORD)
    return provider


def _login(provider: ScriptedProvider, name: str = "alice", protocol: LoginProtocol = "SFTP") -> Login:
    login = Authenticator(provider).login(SOURCE, protocol)
    login.begin(name)
    return login


def _user(login: Login) -> User | None:
    return login.user


def _try_key(login: Login, key: asyncssh.SSHKey = KEY) -> bool:
    return asyncio.run(login.try_key(key))


def _try_password(login: Login, password: str = "secret") -> bool:
    return asyncio.run(login.try_password(password))


@pytest.mark.parametrize(
    ("methods", "offers_key", "offers_password"),
    [
        (M.PASSWORD, False, True),
        (M.PUBLIC_KEY, True, False),
        (M.PUBLIC_KEY_OR_PASSWORD, True, True),
        (M.PUBLIC_KEY_AND_PASSWORD, True, False),
    ],
)
def test_methods_that_are_offered_first(
    methods: AuthenticationMethods, offers_key: bool, offers_password: bool
) -> None:
    login = _login(_provider(methods))
    assert (login.offers_key, login.offers_password) == (offers_key, offers_password)


@pytest.mark.parametrize("methods", [M.PUBLIC_KEY, M.PUBLIC_KEY_OR_PASSWORD])
def test_a_key_is_enough(methods: AuthenticationMethods) -> None:
    login = _login(_provider(methods))
    assert _try_key(login)
    assert _user(login) is None, "the signature was not checked yet"
    assert login.proved()
    assert _user(login) is BY_KEY
    assert login.key is KEY


@pytest.mark.parametrize("methods", [M.PASSWORD, M.PUBLIC_KEY_OR_PASSWORD])
def test_a_password_is_enough(methods: AuthenticationMethods) -> None:
    login = _login(_provider(methods))
    assert _try_password(login)
    assert login.proved()
    assert (login.user, login.key) == (BY_PASSWORD, None)


def test_both_are_asked_for_in_this_order_and_the_passwords_answer_wins() -> None:
    provider = _provider(M.PUBLIC_KEY_AND_PASSWORD)
    login = _login(provider)
    assert not _try_password(login)
    assert _try_key(login)
    assert not login.proved()
    assert (login.offers_key, login.offers_password) == (False, True)
    assert not _try_key(login)
    assert _try_password(login)
    assert login.proved()
    assert (login.user, login.key) == (BY_PASSWORD, KEY)
    assert [attempt.password for attempt in provider.asked] == [None, "secret"]


def test_a_key_that_was_only_shown_is_not_half_a_login() -> None:
    """A client may ask whether a key is welcome without having the private half."""
    login = _login(_provider(M.PUBLIC_KEY_AND_PASSWORD))
    assert _try_key(login)
    assert not login.offers_password
    assert not _try_password(login)
    assert not login.proved()
    assert login.user is None


def test_what_was_proved_for_one_name_does_not_count_for_another() -> None:
    provider = _provider(M.PUBLIC_KEY_AND_PASSWORD)
    provider.add(User("bob", "role", frozenset({OTHER_KEY.public_data})), "secret")
    login = _login(provider)
    assert _try_key(login)
    login.proved()
    login.begin("bob")
    assert not login.offers_password
    assert not _try_password(login)
    assert login.key is None


@pytest.mark.parametrize("protocol", ["FTPS", "FTP"])
@pytest.mark.parametrize("methods", list(M))
def test_other_protocols_log_in_by_password_whatever_sftp_does(
    protocol: LoginProtocol, methods: AuthenticationMethods
) -> None:
    login = _login(_provider(methods), protocol=protocol)
    assert _try_password(login)
    assert login.proved()
    assert not login.offers_key


def test_all_keys_of_one_client_are_one_question() -> None:
    provider = _provider(M.PUBLIC_KEY)
    login = _login(provider)
    assert not _try_key(login, OTHER_KEY)
    assert _try_key(login)
    assert _try_key(login)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("name", ["", "a", "ab", "root", "a" * 101, "../alice"])
def test_names_that_never_log_in_are_not_even_asked_for(name: str) -> None:
    provider = _provider(M.PUBLIC_KEY_OR_PASSWORD)
    provider.add(replace(BY_KEY, name=name), "secret")
    login = _login(provider, name)
    assert not _try_key(login)
    assert not _try_password(login)
    assert provider.asked == []


@pytest.mark.parametrize("password", ["", "x" * (MAX_PASSWORD_CHARS + 1)])
def test_passwords_that_are_not_handed_on(password: str) -> None:
    """To AWS's example functions, an empty password is the question for a user's keys."""
    provider = _provider(M.PASSWORD)
    provider.passwords["alice"] = password
    assert not _try_password(_login(provider), password)
    assert provider.asked == []


def test_a_weak_key_is_refused_though_the_provider_lists_it() -> None:
    weak = asyncssh.generate_private_key("ssh-rsa", key_size=1024)
    provider = ScriptedProvider(M.PUBLIC_KEY)
    provider.add(replace(BY_KEY, public_keys=frozenset({weak.public_data})))
    assert not _try_key(_login(provider), weak)


def test_two_users_with_one_key_are_told_apart_by_their_names() -> None:
    provider = _provider(M.PUBLIC_KEY)
    bob = User("bob", "role-of-bob", BY_KEY.public_keys)
    provider.add(bob)
    for expected in (BY_KEY, bob):
        login = _login(provider, expected.name)
        assert _try_key(login)
        assert login.proved()
        assert login.user is expected


def test_known_and_unknown_users_cost_the_same_questions() -> None:
    questions = {}
    for name in ("alice", "nobody"):
        provider = _provider(M.PUBLIC_KEY_OR_PASSWORD)
        login = _login(provider, name)
        for _ in range(3):
            assert not _try_key(login, OTHER_KEY)
        assert not _try_password(login, "wrong")
        questions[name] = len(provider.asked)
    assert questions["alice"] == questions["nobody"] == 2


class BrokenProvider(ScriptedProvider):
    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        raise IdentityProviderError("no answer")


def test_a_provider_that_fails_is_an_ordinary_failure_and_is_reported() -> None:
    told: list[str] = []
    authenticator = Authenticator(BrokenProvider(), report=lambda _attempt, error: told.append(error.message))
    login = authenticator.login(SOURCE)
    login.begin("alice")
    assert not _try_key(login)
    assert not _try_password(login)
    assert told == ["no answer", "no answer"]


def _throttled(provider: ScriptedProvider) -> Authenticator:
    return Authenticator(provider, throttle=FailureThrottle(lambda: 0.0, per_pair=Limit(3, 60.0)))


def test_wrong_passwords_are_throttled_and_then_not_even_asked() -> None:
    provider = _provider(M.PASSWORD)
    authenticator = _throttled(provider)
    login = authenticator.login(SOURCE)
    login.begin("alice")
    for _ in range(3):
        assert not _try_password(login, "wrong")
    assert not _try_password(login)
    assert len(provider.asked) == 3
    elsewhere = authenticator.login("198.51.100.1")
    elsewhere.begin("alice")
    assert _try_password(elsewhere)


def test_keys_of_an_agent_are_no_guesses_but_a_connection_without_a_login_is() -> None:
    provider = _provider(M.PUBLIC_KEY)
    authenticator = _throttled(provider)
    for _ in range(20):
        login = authenticator.login(SOURCE)
        login.begin("alice")
        for _ in range(4):
            assert not _try_key(login, OTHER_KEY)
        assert _try_key(login)
        assert login.proved()
        login.end()
    for _ in range(3):
        login = authenticator.login(SOURCE)
        login.begin("alice")
        assert not _try_key(login, OTHER_KEY)
        login.end()
    login = authenticator.login(SOURCE)
    login.begin("alice")
    assert not _try_key(login)


class SlowProvider(ScriptedProvider):
    """Answers when it is told to, also to those who do not wait any more."""

    def __init__(self, methods: AuthenticationMethods) -> None:
        super().__init__(methods)
        self.go_on = asyncio.Event()

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        await self.go_on.wait()
        return await super().authenticate(attempt)


def test_an_answer_that_comes_after_the_name_has_changed_is_no_step_of_the_new_login() -> None:
    """The key of one user and the password of another are no two factors of either."""
    provider = SlowProvider(M.PUBLIC_KEY_AND_PASSWORD)
    provider.add(User("mallory", "role", frozenset({KEY.public_data})))
    provider.add(User("victim", "role", frozenset({OTHER_KEY.public_data})), "secret")

    async def attack() -> Login:
        login = Authenticator(provider).login(SOURCE)
        login.begin("mallory")
        late = asyncio.create_task(login.try_key(KEY))
        await asyncio.sleep(0)
        login.begin("victim")
        provider.go_on.set()
        assert not await late
        assert not login.proved()
        assert not await login.try_key(KEY)
        assert not login.proved()
        assert not await login.try_password("secret")
        return login

    assert _user(asyncio.run(attack())) is None


def test_a_password_that_is_right_too_late_opens_nothing() -> None:
    provider = SlowProvider(M.PUBLIC_KEY_OR_PASSWORD)
    provider.add(BY_KEY, "secret")

    async def attack() -> bool:
        login = Authenticator(provider).login(SOURCE)
        login.begin("alice")
        late = asyncio.create_task(login.try_password("secret"))
        await asyncio.sleep(0)
        login.begin("bob")
        provider.go_on.set()
        return await late or login.proved()

    assert not asyncio.run(attack())


def test_a_guess_that_nobody_waits_for_is_throttled() -> None:
    provider = SlowProvider(M.PASSWORD)
    provider.add(BY_PASSWORD, "secret")
    authenticator = _throttled(provider)

    async def guess_and_hang_up() -> None:
        login = authenticator.login(SOURCE)
        login.begin("alice")
        late = asyncio.create_task(login.try_password("guess"))
        await asyncio.sleep(0)
        late.cancel()
        login.end()
        await asyncio.wait([late])
        assert late.cancelled()

    async def three_times() -> None:
        for _ in range(3):
            await guess_and_hang_up()

    asyncio.run(three_times())
    assert authenticator.throttle.refuses("alice", SOURCE)


def test_a_key_that_was_shown_and_not_proved_is_not_the_one_of_the_login() -> None:
    """Everybody can show the public key of somebody else; it must not stand in the log."""
    login = _login(_provider(M.PUBLIC_KEY_OR_PASSWORD))
    assert _try_key(login)
    assert _try_password(login)
    assert login.proved()
    assert login.key is None


def test_the_key_of_a_login_in_two_steps_is_the_one_that_was_proved() -> None:
    login = _login(_provider(M.PUBLIC_KEY_AND_PASSWORD))
    assert _try_key(login)
    assert not login.proved()
    assert _try_password(login)
    assert login.proved()
    assert login.key is KEY
