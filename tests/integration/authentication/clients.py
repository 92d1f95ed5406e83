"""OpenSSH and paramiko on their way in, by key, by password, and by both."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import paramiko


class Reachable(Protocol):
    """A server that clients can be sent to."""

    @property
    def folder(self) -> Path: ...
    @property
    def port(self) -> int: ...
    @property
    def known_hosts(self) -> Path: ...


ASKPASS = "#!/bin/sh\nprintf '%s\\n' \"$FLOODGATE_TEST_PASSWORD\"\n"


def openssh(
    server: Reachable,
    name: str,
    *,
    key_file: Path | None = None,
    password: str | None = None,
    options: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Log in with OpenSSH's `sftp`, ask where we are, and leave.

    :param options: as for `-o`
    """
    settings = [
        f"UserKnownHostsFile={server.known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        f"IdentityFile={key_file or 'none'}",
        f"BatchMode={'no' if password else 'yes'}",
        "NumberOfPasswordPrompts=1",
        *options,
    ]
    flags = [text for setting in settings for text in ("-o", setting)]
    return subprocess.run(
        ["sftp", "-F", "/dev/null", "-P", str(server.port), *flags, "-b", "-", f"{name}@127.0.0.1"]
        if password is None
        else ["sftp", "-F", "/dev/null", "-P", str(server.port), *flags, f"{name}@127.0.0.1"],
        input="pwd\n",
        env=_environment(server.folder, password),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )


def _environment(folder: Path, password: str | None) -> dict[str, str]:
    """Without an agent; passwords come from a program, as there is no terminal to ask on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    if password is None:
        return environment
    program = folder / "askpass"
    if not program.exists():
        program.write_text(ASKPASS)
        program.chmod(0o700)
    asked = {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force", "FLOODGATE_TEST_PASSWORD": password}
    return {**environment, **asked}


@contextmanager
def transport(
    server: Reachable, *, disabled_algorithms: dict[str, list[str]] | None = None
) -> Iterator[paramiko.Transport]:
    """A paramiko connection on which nobody has logged in."""
    connection = paramiko.Transport(("127.0.0.1", server.port), disabled_algorithms=disabled_algorithms)
    try:
        connection.start_client(timeout=30)
        yield connection
    finally:
        connection.close()
