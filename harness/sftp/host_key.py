"""The server's own key: made once, kept, so that clients know the server again."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh

from harness.exceptions import EnvironmentNotReadyError


def load_or_make(path: Path) -> asyncssh.SSHKey:
    """Return the key in `path`, made (ed25519) when there is none.

    :raises EnvironmentNotReadyError: the file cannot be read or written, or holds no private key
    """
    try:
        if not path.exists():
            _make(path)
        return asyncssh.read_private_key(path)
    except (OSError, asyncssh.KeyImportError) as exc:
        raise EnvironmentNotReadyError(
            f"cannot use the host key {path}: {exc}", hint="remove the file to have a new key made"
        ) from exc


def _make(path: Path) -> None:
    """Write to a name of our own first: a key that is only half written must never be found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
    draft.replace(path)
