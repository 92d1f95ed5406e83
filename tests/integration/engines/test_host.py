"""LocalStack as a process: it starts, says why it does not, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness.aws import client
from harness.engines import ports, process
from harness.engines.localstack import health
from harness.engines.localstack.host import LocalStackHost
from harness.exceptions import DiskFullError, EngineStartError, PortInUseError

pytestmark = pytest.mark.integration

FOREVER_S = 10_000.0
"""A start that is noticed to have failed only at this timeout fails the test by pytest's own."""


class _EndsAtOnce(LocalStackHost):
    """Says something and exits, as after a broken installation."""

    def command(self, python: Path) -> list[str]:
        return [str(python), "-c", "print('No module named localstack'); raise SystemExit(3)"]


class _NeverReady(LocalStackHost):
    """Runs, listens nowhere, and does not heed SIGTERM."""

    def command(self, python: Path) -> list[str]:
        script = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            "print('still thinking', flush=True); time.sleep(600)"
        )
        return [str(python), "-c", script]


class _FullDisk(LocalStackHost):
    """Its state folder lies on a disk with 3 MiB left."""

    def free_bytes(self, folder: Path) -> int:
        return 3 * 1024 * 1024


@contextmanager
def listening() -> Iterator[int]:
    """Yield a port that this test process has taken."""
    with socket.create_server((ports.HOST, 0)) as server:
        yield server.getsockname()[1]


def test_start_and_stop(engine: LocalStackHost, state_dir: Path) -> None:
    info = engine.start(state_dir, print)
    assert (info.name, info.mode) == ("localstack", "host")
    assert health.read(info.endpoint_url) is not None
    assert info.version.startswith("4.")
    (record,) = engine.processes()
    port = int(info.endpoint_url.rpartition(":")[2])
    log_file = engine.log_file()

    engine.stop()

    assert not psutil.pid_exists(record.pid) or not process.is_running(record)
    assert process.of_owner(state_dir) == []
    assert ports.is_free(port)
    assert engine.processes() == []
    assert not (state_dir / "engine").exists()
    assert log_file is not None
    assert "Ready." in log_file.read_text()
    engine.stop()


def test_it_listens_on_this_machine_alone(engine: LocalStackHost, state_dir: Path) -> None:
    info = engine.start(state_dir, print)
    (record,) = engine.processes()
    listening_on = [
        connection.laddr
        for connection in psutil.Process(record.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening_on} == {ports.HOST}
    assert int(info.endpoint_url.rpartition(":")[2]) in {address.port for address in listening_on}


def test_the_port_asked_for_is_used(state_dir: Path) -> None:
    port = ports.free_port()
    engine = LocalStackHost(port=port)
    try:
        assert engine.start(state_dir, print).endpoint_url == f"http://{ports.HOST}:{port}"
    finally:
        engine.stop()


def test_taken_port_is_refused_and_its_process_named(state_dir: Path) -> None:
    with listening() as port, pytest.raises(PortInUseError) as caught:
        LocalStackHost(port=port).start(state_dir, print)
    assert str(port) in caught.value.message
    assert f"process {os.getpid()}" in caught.value.message


def test_a_port_lost_to_another_process_is_replaced(
    engine: LocalStackHost, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel said that the port is free, and before LocalStack binds it somebody else has it."""
    told: list[str] = []
    with listening() as lost:
        offered = iter([lost, ports.free_port()])
        monkeypatch.setattr(ports, "free_port", lambda: next(offered))
        info = engine.start(state_dir, told.append)
        assert not info.endpoint_url.endswith(f":{lost}")
    assert f"LocalStack: starting on port {lost}" in told
    assert client("sts", info).get_caller_identity()["Account"] == "000000000000"


def test_engine_that_ends_is_noticed_at_once_and_its_log_shown(state_dir: Path) -> None:
    with pytest.raises(EngineStartError) as caught:
        _EndsAtOnce(start_timeout_s=FOREVER_S).start(state_dir, print)
    assert "ended with 3" in caught.value.message
    assert "No module named localstack" in caught.value.message
    assert caught.value.hint


def test_engine_that_hangs_is_given_up_and_killed(state_dir: Path) -> None:
    with pytest.raises(EngineStartError) as caught:
        _NeverReady(start_timeout_s=1.0).start(state_dir, print)
    assert "not healthy after 1 s" in caught.value.message
    assert "still thinking" in caught.value.message


def test_interrupted_start_leaves_nothing(
    engine: LocalStackHost, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "version_when_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.start(state_dir, print)
    assert process.of_owner(state_dir) == []


def test_too_little_room_is_refused_before_anything_starts(state_dir: Path) -> None:
    with pytest.raises(DiskFullError) as caught:
        _FullDisk().start(state_dir, print)
    assert "3 MiB free" in caught.value.message
    assert "FLOODGATE_HOME" in str(caught.value.hint)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")
def test_disk_that_fills_up_during_the_start_is_named(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(small)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this container may not mount")
    try:
        with pytest.raises(DiskFullError):
            LocalStackHost(min_free_bytes=0).start(small / "state", print)
        assert process.of_owner(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_another_process_can_take_over_and_stop_it(engine: LocalStackHost, state_dir: Path) -> None:
    engine.start(state_dir, print)
    other = LocalStackHost()
    other.attach(state_dir)
    (record,) = other.processes()
    other.stop()
    assert not process.is_running(record)


def test_stop_after_the_engine_was_killed(engine: LocalStackHost, state_dir: Path) -> None:
    engine.start(state_dir, print)
    (record,) = engine.processes()
    os.kill(record.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(record.pid)], timeout=30)
    engine.stop()
    assert not (state_dir / "engine").exists()


def test_settings_of_the_user_do_not_reach_it(
    engine: LocalStackHost, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICES", "sns")
    monkeypatch.setenv("STRICT_SERVICE_LOADING", "1")
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    info = engine.start(state_dir, print)
    assert client("sqs", info).list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_large_objects_are_spilled_below_the_state_folder(
    engine: LocalStackHost, state_dir: Path, tmp_path: Path
) -> None:
    bucket = f"spilled-{tmp_path.name.replace('_', '-')}-{os.getpid()}"[:63]
    s3 = client("s3", engine.start(state_dir, print))
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="large", Body=bytes(1024 * 1024))
    assert [path.name for path in state_dir.rglob(bucket)] == [bucket]
    assert not (Path("/tmp/localstack-s3-storage") / bucket).exists()
