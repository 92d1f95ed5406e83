"""The first login at a server of Transfer Family: a new role gets time, a strange host key none."""

from __future__ import annotations

from collections.abc import Iterator

import asyncssh
import pytest

from harness.exceptions import EngineStartError
from harness.stack.description import SftpUser
from harness.stack.in_account import login
from harness.stack.in_account.login import wait_for_login

pytestmark = pytest.mark.unit

REFUSED = asyncssh.PermissionDenied("the role cannot be assumed")
ANOTHERS_KEY = asyncssh.HostKeyNotVerifiable("Host key is not trusted")


class Clock:
    """Time that goes on by sleeping alone."""

    now_s = 0.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def wait(monkeypatch: pytest.MonkeyPatch, answers: Iterator[Exception | str]) -> tuple[str, float]:
    """Return the host key and the time that it took, where each login ends as told."""
    clock = Clock()

    async def list_home(*_: object) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(login, "_list_home", list_home)
    user = SftpUser("customer-0001", "key")
    accepted = frozenset({"SHA256:a"})
    found = wait_for_login("host", 22, user, accepted, now=clock.now, sleep=clock.sleep)
    return found, clock.now_s


@pytest.mark.parametrize("refusal", [REFUSED, ConnectionRefusedError(), TimeoutError()])
def test_who_is_not_let_in_yet_tries_again(monkeypatch: pytest.MonkeyPatch, refusal: Exception) -> None:
    assert wait(monkeypatch, iter([refusal, refusal, "SHA256:a"])) == ("SHA256:a", 4.0)


def test_who_is_never_let_in_gives_up_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineStartError, match="nobody can log in at host:22: the role cannot be assumed"):
        wait(monkeypatch, iter([REFUSED] * 1000))


def test_a_key_that_the_api_does_not_know_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineStartError, match="does not know"):
        wait(monkeypatch, iter([ANOTHERS_KEY]))


def test_only_the_servers_own_keys_are_accepted() -> None:
    ours, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    client = login._OneOf(frozenset({ours.get_fingerprint()}))
    assert not client.validate_host_public_key("host", "addr", 22, other)
    assert client.validate_host_public_key("host", "addr", 22, ours)
    assert client.seen == ours.get_fingerprint()
