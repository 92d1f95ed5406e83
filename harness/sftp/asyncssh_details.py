"""What asyncssh has no public call for. Each function says what it needs, and
`tests/unit/sftp/test_protocol.py` notices when a new version has changed it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncssh


def note_key_exchange(conn: asyncssh.SSHServerConnection, note: Callable[[str], None]) -> None:
    """Call `note` with the name of the key exchange when it is chosen: asyncssh forgets it afterwards."""
    choose = conn._choose_alg

    def choose_and_note(kind: str, ours: Any, theirs: Any) -> bytes:
        algorithm: bytes = choose(kind, ours, theirs)
        if kind == "key exchange":
            note(algorithm.decode("ascii"))
        return algorithm

    conn._choose_alg = choose_and_note  # type: ignore[assignment]


def allow_another_service_request(conn: asyncssh.SSHServerConnection) -> None:
    """Let the client ask for the authentication service once more.

    paramiko does so before every key that it tries; OpenSSH's server allows it, asyncssh would disconnect at
    the second key.
    """
    conn._next_service = b"ssh-userauth"
