"""The data plane under each security policy: what it offers on the wire, and what clients agree on."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator

import asyncssh
import pytest

from harness.sftp.security_policies import SECURITY_POLICIES
from harness.transfer import policies
from tests.integration.sftp.in_memory import InMemory

pytestmark = [
    pytest.mark.integration,
    # Here the server is in the process of the tests, where a warning would be an error.
    pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields"),
]

_KEXINIT = 20
_NO_ALGORITHMS = ("ext-info-", "kex-strict-")
"""Signals that ride in the list of key exchanges."""


@pytest.fixture(params=sorted(policies.SECURITY_POLICIES), scope="module")
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    """A server with an RSA host key, whose signatures policies tell apart."""
    folder = tmp_path_factory.mktemp("policy")
    key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    (folder / "host_key").write_bytes(key.export_private_key("openssh"))
    server = InMemory(folder, {"security_policy": request.param})
    try:
        yield server.start()
    finally:
        server.stop()


def offer(port: int) -> list[list[str]]:
    """Return the name-lists of the server's KEXINIT: https://www.rfc-editor.org/rfc/rfc4253#section-7.1"""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"SSH-2.0-test\r\n")
        stream = connection.makefile("rb")
        assert stream.readline().startswith(b"SSH-2.0-AWS_SFTP_1.1")
        length, padding = struct.unpack(">IB", stream.read(5))
        payload = stream.read(length - 1)[: length - 1 - padding]
    assert payload[0] == _KEXINIT
    lists, at = [], 17
    for _ in range(10):
        (size,) = struct.unpack_from(">I", payload, at)
        lists.append(payload[at + 4 : at + 4 + size].decode().split(","))
        at += 4 + size
    return lists


def test_the_offer_is_the_policy_in_its_order(served: InMemory) -> None:
    name = served.settings["security_policy"]
    published, here = policies.SECURITY_POLICIES[name], SECURITY_POLICIES[name]
    kexs, host_keys, *others = offer(served.port)
    assert [each for each in kexs if not each.startswith(_NO_ALGORITHMS)] == list(here.kexs)
    assert set(host_keys) <= set(published.ssh_host_key_algorithms)
    assert ("ssh-rsa" in host_keys) is ("ssh-rsa" in published.ssh_host_key_algorithms)
    assert others[:4] == [list(here.ciphers)] * 2 + [list(here.macs)] * 2
    assert others[4:6] == [["none"], ["none"]]


def sftp(served: InMemory, *options: str) -> subprocess.CompletedProcess[str]:
    """List the home with OpenSSH's sftp."""
    login = served.login()
    command = ["sftp", "-v", "-b", "-", "-P", str(served.port), "-i", str(login.key_file)]
    always = ("BatchMode=yes", "IdentitiesOnly=yes", f"UserKnownHostsFile={served.folder / 'known_hosts'}")
    chosen = [part for option in (*always, *options) for part in ("-o", option)]
    return subprocess.run(
        [*command, "-F", "/dev/null", *chosen, f"{login.name}@127.0.0.1"],
        input="pwd\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_openssh_agrees_with_every_policy(served: InMemory) -> None:
    result = sftp(served)
    assert result.returncode == 0, result.stderr
    assert "Remote working directory: /" in result.stdout


def test_a_cipher_of_old_is_taken_where_the_policy_has_it(served: InMemory) -> None:
    """No policy since 2022-03 has chacha20."""
    has_it = any("chacha20" in each for each in SECURITY_POLICIES[served.settings["security_policy"]].ciphers)
    result = sftp(served, "Ciphers=chacha20-poly1305@openssh.com")
    assert (result.returncode == 0) is has_it, result.stderr
    assert has_it or "no matching cipher found" in result.stderr


def test_a_key_exchange_of_old_is_taken_where_the_policy_has_it(served: InMemory) -> None:
    has_it = "diffie-hellman-group14-sha1" in SECURITY_POLICIES[served.settings["security_policy"]].kexs
    result = sftp(served, "KexAlgorithms=diffie-hellman-group14-sha1")
    assert (result.returncode == 0) is has_it, result.stderr
    assert has_it or "no matching key exchange method found" in result.stderr
