"""Sessions that break with a file open, by a cut at a byte that nobody chose: what arrived is kept, or thrown
away, and never is there an object that is neither whole nor told to be partial.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from tests.integration.sftp.clients import paramiko_transport, ssh_options
from tests.integration.sftp.conftest import MakeInMemory
from tests.integration.sftp.cutting import Cut, cut_to
from tests.integration.sftp.front_end import clean_environment, until
from tests.integration.sftp.in_memory import BUCKET, InMemory

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 256  # 64 KiB
CUTS = [*range(1, 1200, 149), *range(2000, 66_000, 6007), 10_000_000]
"""Bytes on the wire after the login: inside the OPEN, inside packets of data, and never."""


@pytest.fixture(scope="module", params=["keep", "discard"])
def server(request: pytest.FixtureRequest, make_in_memory: MakeInMemory) -> InMemory:
    return make_in_memory(partial_upload=request.param)


@pytest.fixture(scope="module")
def cut(server: InMemory) -> Iterator[Cut]:
    with cut_to(server.port) as cut:
        yield cut


def _upload(cut: Cut, server: InMemory, name: str, after_bytes: int) -> None:
    """Send all of it and close, on a line that breaks after `after_bytes`."""
    login = server.login()
    with paramiko.Transport(("127.0.0.1", cut.port)) as transport:
        transport.connect(
            username=login.name, pkey=paramiko.Ed25519Key.from_private_key_file(str(login.key_file))
        )
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        cut.arm(after_bytes)
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            file = client.open(name, "wb")
            file.set_pipelined(True)
            for start in range(0, len(CONTENT), 4000):
                file.write(CONTENT[start : start + 4000])
            file.close()


@pytest.mark.parametrize("after_bytes", CUTS)
def test_cut_at_any_byte(server: InMemory, cut: Cut, after_bytes: int) -> None:
    name = f"cut-{after_bytes}"
    sessions = len(server.log_lines("DISCONNECTED"))
    _upload(cut, server, name, after_bytes)
    until("the session has ended", lambda: len(server.log_lines("DISCONNECTED")) > sessions)
    until("no upload is open", lambda: not server.open_uploads())
    key = f"alice/{name}"
    lines = [line for line in server.uploads() if line["key"] == key]
    content = server.storage.objects.get(key)
    until("no part is left", lambda: server.storage.parts == {})
    if not lines:  # the OPEN was cut
        assert content is None
        return
    (line,) = lines
    assert line["event"] in {
        "closed",
        "partial" if server.settings["partial_upload"] == "keep" else "aborted",
    }
    if line["event"] == "aborted":
        assert content is None
    else:
        assert content == CONTENT[: line["size_bytes"]]
        assert (line["event"] == "closed") <= (content == CONTENT)
    expected = int(line["event"] != "closed")
    until("the log tells it", lambda: len(_partly_closed(server, key)) == expected)


def _partly_closed(server: InMemory, key: str) -> list[dict[str, str]]:
    return [line for line in server.log_lines("PARTIAL_CLOSE") if line["path"] == f"/{BUCKET}/{key}"]


def test_the_cuts_met_every_outcome(server: InMemory) -> None:
    """Otherwise the numbers above no longer fit what clients send."""
    lines = [line for line in server.uploads() if line["key"].startswith("alice/cut-")]
    assert {line["event"] for line in lines} >= {"closed"}
    sizes = {line["size_bytes"] for line in lines}
    assert len(sizes) > 5
    assert len(lines) < len(CUTS)


def _openssh(server: InMemory, batch: bytes, here: Path, *options: str) -> subprocess.Popen[bytes]:
    client = subprocess.Popen(
        ["sftp", "-q", *options, "-b", "-", *ssh_options(server, server.login()), "alice@127.0.0.1"],
        stdin=subprocess.PIPE,
        cwd=here,
        env=clean_environment(),
        start_new_session=True,
    )
    assert client.stdin is not None
    client.stdin.write(batch)
    client.stdin.close()
    return client


def _killed_upload(server: InMemory, here: Path, name: str) -> dict[str, Any]:
    """Kill OpenSSH's client when 10 of its 100 MB have arrived."""
    content = bytes(range(251)) * (100_000_000 // 251)
    (here / "big").write_bytes(content)
    client = _openssh(server, f"put big {name}\n".encode(), here, "-l", "200000")
    try:
        until("10 MB are there", lambda: server.received_bytes() >= 10_000_000)
    finally:
        client.kill()
        client.wait()
    (line,) = until("it ended", lambda: [x for x in server.uploads() if x["key"] == f"alice/{name}"])
    until("nothing is open", lambda: not server.open_uploads())
    kept = server.storage.objects.get(f"alice/{name}")
    assert kept in (None, content[: line["size_bytes"]])
    assert 10_000_000 <= line["size_bytes"] < len(content)
    until("no part is left", lambda: server.storage.parts == {})
    return line  # type: ignore[no-any-return]


def test_openssh_killed_in_the_middle(server: InMemory, here: Path) -> None:
    line = _killed_upload(server, here, "killed")
    keeps = server.settings["partial_upload"] == "keep"
    assert line["event"] == ("partial" if keeps else "aborted")
    assert ("alice/killed" in server.storage.objects) == keeps
    (partly,) = until("the log tells it", lambda: _partly_closed(server, "alice/killed"))
    assert partly["bytes-in"] == str(line["size_bytes"])
    assert partly["stream"].startswith("alice.")


def test_only_the_channel_is_closed(server: InMemory) -> None:
    with paramiko_transport(server) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open("channel-closed", "wb")
        file.write(b"x" * 100)
        client.close()
        (line,) = until(
            "it ended", lambda: [x for x in server.uploads() if x["key"] == "alice/channel-closed"]
        )
    assert (line["event"], line["size_bytes"]) == (
        "partial" if server.settings["partial_upload"] == "keep" else "aborted",
        100,
    )


@pytest.mark.parametrize("setting", ["keep", "discard"])
def test_a_server_that_stops(make_in_memory: MakeInMemory, setting: str) -> None:
    server = make_in_memory(partial_upload=setting, drain_timeout_s=0.2)
    with paramiko_transport(server) as transport:
        client = transport.open_sftp_client()
        assert client is not None
        file = client.open("drained", "wb")
        file.set_pipelined(True)
        file.write(b"x" * (6 * MIB))
        client.normalize(".")  # its answer tells that the server has taken all that was sent before
        server.stop()
    (line,) = server.uploads()
    assert line["size_bytes"] == 6 * MIB
    if setting == "keep":
        assert line["event"] == "partial"
        assert server.storage.objects == {"alice/drained": b"x" * (6 * MIB)}
    else:
        assert line["event"] == "aborted"
        assert server.storage.objects == {}
    assert server.storage.parts == {}
