"""SSH keys as users give them: which are taken, and what they are called.

Types of user and host keys: https://docs.aws.amazon.com/transfer/latest/userguide/key-management.html
"""

from __future__ import annotations

from collections.abc import Callable

import asyncssh
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from harness.transfer.api.errors import ApiError, invalid

MIN_RSA_BITS = 2048
_TYPES = {"ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"}


def public_key(body: str) -> bytes:
    """Return the key of an OpenSSH line in SSH wire format.

    :raises ApiError: it is not a key, or one that is too weak; the words are those of the console
    """
    refusal = invalid("Unsupported or invalid SSH public key format")
    return _read(asyncssh.import_public_key, body, refusal).public_data


def private_key(body: str) -> asyncssh.SSHKey:
    """Return a host key.

    :raises ApiError: it is not a private key, has a passphrase, or is too weak
    """
    return _read(asyncssh.import_private_key, body, invalid("Unsupported or invalid SSH private key format"))


def type_of(key: asyncssh.SSHKey) -> str:
    """Return the type's name, such as `ssh-ed25519`."""
    return key.get_algorithm()


def _read(importer: Callable[[str], asyncssh.SSHKey], body: str, refusal: ApiError) -> asyncssh.SSHKey:
    """Load the key and hold it against the list of types."""
    try:
        key = importer(body)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as exc:
        raise refusal from exc
    inner = key.pyca_key
    is_short = isinstance(inner, RSAPublicKey | RSAPrivateKey) and inner.key_size < MIN_RSA_BITS
    if type_of(key) not in _TYPES or is_short:
        raise refusal
    return key
