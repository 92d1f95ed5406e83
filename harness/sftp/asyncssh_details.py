"""What asyncssh has no public call for. Each function says what it needs, and
`tests/unit/sftp/test_protocol.py` notices when a new version has changed it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import asyncssh
from asyncssh.packet import PacketDecodeError, SSHPacket, SSHPacketLogger


def silence_packet_log(logger: SSHPacketLogger) -> None:
    """Skip the text that asyncssh builds for each packet before it looks at the log level."""
    logger.log_sent_packet = _log_nothing  # type: ignore[assignment]
    logger.log_received_packet = _log_nothing  # type: ignore[assignment]


def _log_nothing(*_: Any) -> None:
    """In the place of a packet log."""


def host_keys_signing_with(
    keys: Sequence[asyncssh.SSHKey], algorithms: Collection[str]
) -> list[asyncssh.SSHKeyPair]:
    """Return the keys as a server's, offered with these algorithms only.

    asyncssh offers every algorithm that fits a host key: for RSA, SHA-1 and names of its own, too.
    """
    pairs = list(asyncssh.load_keypairs(list(keys)))
    for pair in pairs:
        pair.host_key_algorithms = [
            name for name in pair.host_key_algorithms if name.decode("ascii") in algorithms
        ]
    return pairs


def note_key_exchange(conn: asyncssh.SSHServerConnection, note: Callable[[str], None]) -> None:
    """Call `note` with the name of the key exchange when it is chosen: asyncssh forgets it afterwards."""
    choose = conn._choose_alg

    def choose_and_note(kind: str, ours: Any, theirs: Any) -> bytes:
        algorithm: bytes = choose(kind, ours, theirs)
        if kind == "key exchange":
            note(algorithm.decode("ascii"))
        return algorithm

    conn._choose_alg = choose_and_note  # type: ignore[assignment]


def ask_before_each_login_request(
    conn: asyncssh.SSHServerConnection, may_go_on: Callable[[str], bool]
) -> None:
    """Call `may_go_on` with the method of each request to log in, those included that asyncssh answers by
    itself (`none`, methods that are not offered) or gives up for a newer one; on False nothing is answered.
    """
    finish = conn._finish_userauth

    async def finish_if_welcome(begin_auth: bool, method: bytes, packet: SSHPacket) -> None:
        if may_go_on(method.decode("ascii", "replace")):
            await finish(begin_auth, method, packet)

    conn._finish_userauth = finish_if_welcome  # type: ignore[method-assign]


def ask_before_success(conn: asyncssh.SSHServerConnection, is_complete: Callable[[], bool]) -> None:
    """Call `is_complete` after each password that is right and each key whose signature is; on False, the
    client is told that it succeeded in part (https://www.rfc-editor.org/rfc/rfc4252#section-5.1).

    asyncssh's server knows no login in two steps.
    """
    succeed = conn.send_userauth_success

    async def succeed_if_complete() -> None:
        if is_complete():
            await succeed()
        else:
            conn.send_userauth_failure(True)

    conn.send_userauth_success = succeed_if_complete  # type: ignore[method-assign]


def refuse_other_signatures(conn: asyncssh.SSHServerConnection) -> None:
    """Let clients sign their login with the server's signature algorithms only.

    asyncssh tells clients which those are, and then takes every algorithm that fits the key: for RSA, SHA-1
    too.
    """
    validate = conn.validate_public_key

    async def validate_if_allowed(username: str, key_data: bytes, msg: bytes, signature: bytes) -> bool:
        if msg and _algorithm_of(signature) not in conn._sig_algs:
            return False
        return await validate(username, key_data, msg, signature)

    conn.validate_public_key = validate_if_allowed  # type: ignore[method-assign]


def _algorithm_of(signature: bytes) -> bytes:
    try:
        return SSHPacket(signature).get_string()
    except PacketDecodeError:
        return b""


def allow_another_service_request(conn: asyncssh.SSHServerConnection) -> None:
    """Let the client ask for the authentication service once more.

    paramiko does so before every key that it tries; OpenSSH's server allows it, asyncssh would disconnect at
    the second key.
    """
    conn._next_service = b"ssh-userauth"
