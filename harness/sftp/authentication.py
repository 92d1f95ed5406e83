"""Is this key one of that user's? Unknown names go the same way as wrong keys, so answers do not tell them
apart.
"""

from __future__ import annotations

import asyncssh

from harness.sftp.identity import IdentityProvider, LoginAttempt, User, is_login_name

_KEY_LABELS = {"ssh-ed25519": "ED25519", "ssh-rsa": "RSA"}


class Authenticator:
    """Checks keys against an identity provider."""

    def __init__(self, provider: IdentityProvider) -> None:
        self._provider = provider

    async def by_key(self, attempt: LoginAttempt, key: asyncssh.SSHKey) -> User | None:
        """Return the user when the key is theirs. The SSH layer checks the signature afterwards."""
        user = await self._provider.authenticate(attempt) if is_login_name(attempt.user_name) else None
        keys = user.public_keys if user is not None else frozenset()
        return user if key.public_data in keys else None


def describe_key(key: asyncssh.SSHKey) -> str:
    """Name a key as Transfer's AUTH_FAILURE lines do, e.g. `RSA SHA256:Lfz3R2…`."""
    algorithm = key.get_algorithm()
    label = _KEY_LABELS.get(algorithm, "ECDSA" if algorithm.startswith("ecdsa-") else algorithm)
    return f"{label} {key.get_fingerprint()}"
