"""Waiting until a server of Transfer Family lets a user in, and learning which host key it shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import asyncssh

from harness.exceptions import EngineStartError
from harness.host_key import NO_KNOWN_HOSTS
from harness.stack.description import SftpUser

LONGEST_WAIT_S = 120.0
"""A new role is not known everywhere at once:
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""
_POLL_S = 2.0
_TIMEOUT_S = 20.0


def wait_for_login(
    host: str,
    port: int,
    user: SftpUser,
    accepted: frozenset[str],
    *,
    longest_wait_s: float = LONGEST_WAIT_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Log in and list the home folder; return the fingerprint of the host key.

    :param accepted: fingerprints of the host keys that the server has by its API
    :raises EngineStartError: nobody gets in within `longest_wait_s`, or the host key is another's
    """
    deadline = now() + longest_wait_s
    while True:
        try:
            return asyncio.run(_list_home(host, port, user, accepted))
        except asyncssh.HostKeyNotVerifiable as exc:
            raise EngineStartError(
                f"{host}:{port} shows a host key that the Transfer API does not know: {exc}",
                hint="something between here and the server answers in its place",
            ) from exc
        except (OSError, asyncssh.Error, TimeoutError) as exc:
            if now() >= deadline:
                raise EngineStartError(
                    f"nobody can log in at {host}:{port}: {exc}",
                    hint="is its port open from here? The server's log group tells more",
                ) from exc
        sleep(_POLL_S)


class _OneOf(asyncssh.SSHClient):
    """Accepts any of several host keys, and remembers which it was."""

    def __init__(self, accepted: frozenset[str]) -> None:
        self._accepted = accepted
        self.seen = ""

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002  (asyncssh's signature)
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        self.seen = key.get_fingerprint()
        return self.seen in self._accepted


async def _list_home(host: str, port: int, user: SftpUser, accepted: frozenset[str]) -> str:
    client = _OneOf(accepted)
    async with asyncio.timeout(_TIMEOUT_S):
        connection, _ = await asyncssh.create_connection(
            lambda: client,
            host,
            port,
            username=user.name,
            client_keys=[user.private_key_file],
            known_hosts=NO_KNOWN_HOSTS,
            config=None,
            agent_path=None,
        )
        async with connection, connection.start_sftp_client() as sftp:
            await sftp.listdir(".")
    return client.seen
