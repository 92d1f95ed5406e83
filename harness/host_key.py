"""The one host key that an SFTP client of ours accepts: that of the stack, by its fingerprint."""

from __future__ import annotations

from typing import Any

import asyncssh

NO_KNOWN_HOSTS: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
"""Trust no key by file, so that asyncssh asks `OneHostKey` (`None` would trust every key)."""


class OneHostKey(asyncssh.SSHClient):
    """Accepts the host key of this fingerprint (`SHA256:…`) and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002  (asyncssh's signature)
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        return key.get_fingerprint() == self._fingerprint
