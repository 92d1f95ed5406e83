"""Servers while the process runs: what the API asks for happens, and nobody who is there is thrown out."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.sftp.front_end import until
from tests.integration.transfer.supervisor.conftest import MakeTransfer, Served
from tests.integration.transfer.supervisor.rig import Transfer

pytestmark = pytest.mark.integration


def openssh(transfer: Transfer, server_id: str, commands: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    options = ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "IdentitiesOnly=yes"]
    return subprocess.run(
        [
            *("sftp", "-b", "-", "-F", "none", "-i", str(transfer.key_file)),
            *("-P", str(transfer.port(server_id))),
            *[word for option in options for word in ("-o", option)],
            "alice@127.0.0.1",
        ],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        check=False,
    )


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_connections_are_spread_over_the_workers_of_one_port(served: Served) -> None:
    port = served.transfer.port(served.server_id)
    first, second = served.transfer.pids(served.server_id)
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(32)]
    try:
        assert until("the first worker has some", lambda: sessions(first, port))
        assert until("the second worker has some", lambda: sessions(second, port))
        until("all are taken", lambda: sessions(first, port) + sessions(second, port) == len(made))
    finally:
        for each in made:
            each.close()


def sessions(pid: int, port: int) -> int:
    found = psutil.Process(pid).net_connections("tcp")
    return sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in found)


def test_all_workers_show_one_host_key(served: Served) -> None:
    expected = served.transfer.api.describe_server(ServerId=served.server_id)["Server"]["HostKeyFingerprint"]
    shown = set()
    for _ in range(6):
        with served.transfer.transport(served.server_id) as transport:
            shown.add(transport.get_remote_server_key().fingerprint)
    assert shown == {expected}


def test_a_server_that_is_created_listens_and_one_that_is_deleted_does_not(served: Served) -> None:
    transfer = served.transfer
    server_id = transfer.create_server(PreAuthenticationLoginBanner="welcome")
    port = transfer.port(server_id)
    with transfer.transport(served.server_id):
        assert not is_refused(port)
    transfer.api.delete_server(ServerId=server_id)
    until("nobody listens", lambda: is_refused(port))
    until("its workers have gone", lambda: not transfer.pids(server_id))


def test_stopped_it_refuses_but_lets_uploads_finish_and_started_it_has_its_port_again(
    served: Served, localstack: EngineInfo, tmp_path: Path
) -> None:
    transfer, server_id = served.transfer, served.server_id
    port = transfer.port(server_id)
    with transfer.sftp(server_id) as client:
        file = client.open("drained", "wb")
        file.write(b"before")
        transfer.api.stop_server(ServerId=server_id)
        until("connections are refused", lambda: is_refused(port))
        file.write(b" and after")
        file.close()
    transfer.wait_for(server_id, "OFFLINE")
    stored = aws.client("s3", localstack).get_object(Bucket=transfer.bucket, Key="alice/drained")
    assert stored["Body"].read() == b"before and after"
    transfer.api.start_server(ServerId=server_id)
    transfer.wait_for(server_id, "ONLINE")
    assert transfer.port(server_id) == port
    assert openssh(transfer, server_id, "ls\n", tmp_path).returncode == 0


def test_new_settings_are_for_new_sessions_and_old_ones_go_on(served: Served, tmp_path: Path) -> None:
    transfer, server_id = served.transfer, served.server_id
    before = set(transfer.pids(server_id))
    with transfer.sftp(server_id) as client:
        file = client.open("across", "wb")
        file.write(b"begun under the old settings")
        transfer.api.update_server(ServerId=server_id, PreAuthenticationLoginBanner="new rules")
        until("new workers serve", lambda: before.isdisjoint(transfer.pids(server_id)))
        assert "new rules" in openssh(transfer, server_id, "ls\n", tmp_path).stderr
        file.write(b", ended under the new")
        file.close()
        assert client.stat("across").st_size == len("begun under the old settings, ended under the new")
    until("the old workers have gone", lambda: not any(psutil.pid_exists(pid) for pid in before))


def test_a_worker_that_is_killed_is_replaced_and_its_upload_ends_in_the_journal(served: Served) -> None:
    transfer, server_id = served.transfer, served.server_id
    before = transfer.pids(server_id)
    port = transfer.port(server_id)
    with transfer.sftp(server_id) as client:
        file = client.open("never-ended", "wb")
        file.write(b"x")
        (pid,) = [pid for pid in before if sessions(pid, port)]
        os.kill(pid, signal.SIGKILL)
        (other,) = set(before) - {pid}
        after = until("a successor", lambda: replaced(transfer, server_id, pid))
        assert other in after
    (line,) = [line for line in transfer.uploads() if line["key"] == "alice/never-ended"]
    assert (line["event"], line["reason"]) == ("aborted", "the worker died")
    assert f"(process {pid}) died: signal 9" in transfer.log_file.read_text()
    for _ in range(4):
        with transfer.sftp(server_id) as again:
            again.listdir()


def test_servers_and_users_of_the_engines_own_api_are_served_too(
    served: Served, make_transfer: MakeTransfer
) -> None:
    theirs, server_id = served.transfer, served.server_id
    engine = replace(theirs.engine, endpoint_url=theirs.told()["api"])
    ours = make_transfer(settings={"engine": engine.to_json(), "mirror_interval_s": 0.2})
    until("the engine's server is ours, too", lambda: is_online(ours, server_id))
    assert ours.port(server_id) != theirs.port(server_id)
    shutil.copy(theirs.key_file, ours.folder / "user.key")
    theirs.create_user(server_id, "newcomer")
    until("a new user is taken over", lambda: user_count(ours, server_id) == 2)
    with ours.transport(server_id, "newcomer") as transport:
        assert transport.is_authenticated()
    theirs.api.delete_user(ServerId=server_id, UserName="newcomer")
    until("a deleted user goes", lambda: user_count(ours, server_id) == 1)
    assert theirs.state(server_id) == "ONLINE"


def is_online(transfer: Transfer, server_id: str) -> bool:
    return any(
        row["ServerId"] == server_id and row["State"] == "ONLINE"
        for row in transfer.api.list_servers()["Servers"]
    )


def user_count(transfer: Transfer, server_id: str) -> int:
    return int(transfer.api.describe_server(ServerId=server_id)["Server"]["UserCount"])


def replaced(transfer: Transfer, server_id: str, pid: int) -> list[int]:
    pids = transfer.pids(server_id)
    return [] if pid in pids else pids
