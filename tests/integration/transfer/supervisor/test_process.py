"""The process: its end in order, its end with its parent, and what is left when it is killed."""

from __future__ import annotations

import signal
import socket
import subprocess

import psutil
import pytest

from tests.integration.sftp.front_end import until
from tests.integration.transfer.supervisor.conftest import MakeTransfer
from tests.integration.transfer.supervisor.rig import Transfer

pytestmark = pytest.mark.integration


def one_server(transfer: Transfer) -> tuple[str, list[psutil.Process]]:
    """Return a server with a user, and its workers."""
    server_id = transfer.create_server()
    transfer.create_user(server_id)
    pids = until("the ready file names the workers", lambda: transfer.pids(server_id))
    return server_id, [psutil.Process(pid) for pid in pids]


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_sigterm_lets_an_open_upload_finish_and_leaves_nobody(make_transfer: MakeTransfer) -> None:
    transfer = make_transfer()
    server_id, workers = one_server(transfer)
    assert transfer.process is not None
    with transfer.sftp(server_id) as client:
        file = client.open("drained", "wb")
        file.write(b"before")
        transfer.process.send_signal(signal.SIGINT)
        transfer.process.terminate()
        until("no new upload is taken", lambda: _is_refused(client))
        file.write(b" and after")
        file.close()
        assert transfer.process.wait(20) == 0
    assert [line["event"] for line in transfer.uploads() if line["key"].endswith("drained")] == ["closed"]
    assert all(has_ended(worker) for worker in workers)
    assert list((transfer.folder / "work").glob("s-*")) == []


def _is_refused(client: object) -> bool:
    try:
        client.open("too-late", "wx").close()  # type: ignore[attr-defined]
    except OSError as exc:
        return "stopping" in str(exc)
    client.remove("too-late")  # type: ignore[attr-defined]
    return False


def test_killed_it_leaves_no_worker_and_started_again_it_serves_the_same(make_transfer: MakeTransfer) -> None:
    transfer = make_transfer()
    server_id, workers = one_server(transfer)
    port = transfer.port(server_id)
    assert transfer.process is not None
    transfer.process.kill()
    transfer.process.wait()
    until("the workers have ended", lambda: all(has_ended(worker) for worker in workers))
    (transfer.folder / "ready.json").unlink()
    transfer.settings = {"ports": {server_id: port}}
    transfer.start()
    assert transfer.state(server_id) == "ONLINE"
    with transfer.sftp(server_id) as client:
        client.mkdir("afterwards")


def test_it_ends_with_the_parent_it_was_given(make_transfer: MakeTransfer) -> None:
    parent = subprocess.Popen(["sleep", "300"])
    try:
        transfer = make_transfer(settings={"exit_with_parent": parent.pid})
    finally:
        parent.kill()
        parent.wait()
    assert transfer.process is not None
    assert transfer.process.wait(20) == 0


def test_when_the_main_server_cannot_be_served_it_says_why(make_transfer: MakeTransfer) -> None:
    transfer = make_transfer()
    server_id, _ = one_server(transfer)
    port = transfer.port(server_id)
    assert transfer.process is not None
    transfer.process.terminate()
    transfer.process.wait(20)
    with taken(port):
        transfer.settings = {"ports": {server_id: port}, "main_server": server_id}
        (transfer.folder / "ready.json").unlink()
        with pytest.raises(AssertionError, match=f"cannot listen on 127.0.0.1:{port}"):
            transfer.start()
    assert transfer.process.wait(20) == 3


def taken(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener
