"""Key pairs of the stack's SFTP users."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh

ALGORITHM = "ssh-ed25519"


def create_key_pair(folder: Path, user: str) -> tuple[Path, str]:
    """Make an ed25519 key pair.

    :return: the file of the private key, which only this user can read (OpenSSH refuses others), and the
        public key as one OpenSSH line
    """
    key = asyncssh.generate_private_key(ALGORITHM, comment=user)
    path = folder / user
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(key.export_private_key())
    return path, key.export_public_key().decode().strip()
