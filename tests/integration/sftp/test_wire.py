"""Every cipher of the policy, both ways, with new keys in mid-file, by a client of each kind."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import asyncssh
import pytest

from harness.sftp.security_policies import SECURITY_POLICIES
from tests.integration.sftp.clients import ssh_options
from tests.integration.sftp.front_end import clean_environment
from tests.integration.sftp.in_memory import InMemory

pytestmark = pytest.mark.integration

POLICY = SECURITY_POLICIES["TransferSecurityPolicy-2024-01"]
SIZE = 3_000_000
CONTENT = random.Random(1).randbytes(SIZE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InMemory]:
    running = InMemory(tmp_path_factory.mktemp("wire")).start()
    yield running
    running.stop()


@pytest.mark.parametrize("cipher", POLICY.ciphers)
@pytest.mark.parametrize("rekey_bytes", [400_000, 10**9])
def test_there_and_back_with_new_keys_in_between(server: InMemory, cipher: str, rekey_bytes: int) -> None:
    async def go() -> bytes:
        async with (
            asyncssh.connect(
                "127.0.0.1",
                server.port,
                username="alice",
                client_keys=[str(server.login().key_file)],
                known_hosts=None,
                config=[],
                agent_path=None,
                encryption_algs=[cipher],
                rekey_bytes=rekey_bytes,
            ) as connection,
            connection.start_sftp_client() as client,
        ):
            async with client.open("wire", "wb") as file:
                await file.write(CONTENT)
            async with client.open("wire", "rb") as file:
                return await file.read()

    assert asyncio.run(asyncio.wait_for(go(), 60)) == CONTENT
    assert server.storage.objects["alice/wire"] == CONTENT


@pytest.mark.parametrize("cipher", ["aes128-ctr", "aes256-gcm@openssh.com"])
@pytest.mark.parametrize("mac", POLICY.macs)
def test_openssh_with_new_keys_in_between(server: InMemory, tmp_path: Path, cipher: str, mac: str) -> None:
    (tmp_path / "f").write_bytes(CONTENT)
    options = ["-o", f"Ciphers={cipher}", "-o", f"MACs={mac}", "-o", "RekeyLimit=500K"]
    login = server.login()
    subprocess.run(
        ["sftp", "-b", "-", *options, *ssh_options(server, login), f"{login.name}@127.0.0.1"],
        input=b"put f wire2\nget wire2 back\n",
        cwd=tmp_path,
        env=clean_environment(),
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert (tmp_path / "back").read_bytes() == CONTENT


def test_the_server_asks_for_new_keys_too(server: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does after a gigabyte; here after 200 KB of a download."""
    exchanges = []

    class CountsKeys(asyncssh.SSHClient):
        def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
            use_keys = conn.send_newkeys

            def count(k: bytes, h: bytes) -> None:
                exchanges.append(h)
                use_keys(k, h)

            conn.send_newkeys = count  # type: ignore[method-assign]

    async def go() -> bytes:
        connection, _ = await asyncssh.create_connection(
            CountsKeys,
            "127.0.0.1",
            server.port,
            username="alice",
            client_keys=[str(server.login().key_file)],
            known_hosts=None,
            config=[],
            agent_path=None,
        )
        async with connection, connection.start_sftp_client() as client:
            (ours,) = (c.ssh for c in server._server._connections if c.session)  # type: ignore[union-attr]
            assert ours is not None
            ours._rekey_bytes = 200_000
            async with client.open("wire", "rb") as file:
                content = cast(bytes, await file.read())
        return content

    server.storage.objects["alice/wire"] = CONTENT
    assert asyncio.run(asyncio.wait_for(go(), 60)) == CONTENT
    assert len(exchanges) > 5
