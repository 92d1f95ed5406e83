"""Looks at the machine: what is enough, what is little, what is too little."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.doctor.finding import Finding, Status
from harness.doctor.host import cgroup, folders, platform, ports, programs, python, size
from harness.doctor.host.folders import Folder
from harness.doctor.host.size import GIB, Size
from harness.engines.docker.published import Published
from harness.engines.ports import Holder

pytestmark = pytest.mark.unit

ROOMY = Size(
    cores=4,
    memory_bytes=16 * GIB,
    memory_free_bytes=8 * GIB,
    memory_limited=False,
    open_files=20_000,
    processes_free=None,
)


@pytest.mark.parametrize(
    ("look", "changes", "status"),
    [
        (size.cores, {}, Status.OK),
        (size.cores, {"cores": 2}, Status.OK),
        (size.cores, {"cores": 1.5}, Status.WARNING),
        (size.memory, {}, Status.OK),
        (size.memory, {"memory_free_bytes": 2 * GIB - 1}, Status.WARNING),
        (size.memory, {"memory_free_bytes": GIB - 1}, Status.FAILED),
        (size.open_files, {}, Status.OK),
        (size.open_files, {"open_files": 4096}, Status.WARNING),
        (size.open_files, {"open_files": 256}, Status.FAILED),
        (size.processes, {}, Status.OK),
        (size.processes, {"processes_free": 5000}, Status.OK),
        (size.processes, {"processes_free": 1000}, Status.WARNING),
        (size.processes, {"processes_free": 100}, Status.FAILED),
    ],
)
def test_sizes(look, changes, status) -> None:
    (found,) = look(lambda: replace(ROOMY, **changes))
    assert found.status is status
    assert bool(found.fix) is (status is not Status.OK)


def test_of_machine_and_container_the_smaller_counts() -> None:
    limits = cgroup.Limits(GIB, GIB // 2, 0.5, 300, 200)
    found = size.measure(lambda: limits)
    assert (found.cores, found.memory_bytes, found.memory_limited) == (0.5, GIB, True)
    assert found.memory_free_bytes <= GIB // 2
    assert found.processes_free is not None
    assert found.processes_free <= 200


def test_a_container_without_limits_is_the_machine() -> None:
    found = size.measure(cgroup.Limits)
    assert not found.memory_limited
    assert found.cores >= 1


@pytest.mark.parametrize(("running", "status"), [((3, 10), Status.FAILED), ((3, 13), Status.OK)])
def test_python(running: tuple[int, int], status: Status) -> None:
    (found,) = python.version(running)
    assert found.status is status


def test_the_packages_of_these_tests_are_as_declared() -> None:
    (found,) = python.packages()
    assert found.status is Status.OK, found.summary


def test_drifted_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ["rich>=9999", "no-such-package>=1", "pytest>=1", 'nobody-needs-this>1; extra == "docker"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: declared)
    (found,) = python.packages()
    assert found.status is Status.WARNING
    assert "rich is " in found.summary
    assert "needed is >=9999" in found.summary
    assert "no-such-package is missing" in found.summary
    assert "pytest" not in found.summary
    assert "nobody-needs-this" not in found.summary


def test_missing_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("uv.find_uv_bin", nowhere)
    (found,) = python.installer()
    assert found.status is Status.FAILED


@pytest.mark.parametrize(
    ("name", "status"), [("linux", Status.OK), ("darwin", Status.WARNING), ("win32", Status.FAILED)]
)
def test_systems(name: str, status: Status) -> None:
    (found,) = platform.system(name)
    assert found.status is status


def test_a_container_is_told(tmp_path: Path) -> None:
    assert list(platform.container(tmp_path)) == []
    (tmp_path / ".dockerenv").touch()
    assert [found.id for found in platform.container(tmp_path)] == ["system.container"]


def test_variables_that_lead_astray() -> None:
    given = {"XDG_STATE_HOME": "here", "FLOODGATE_HOME": "~/there", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    found = list(platform.variables(given))
    assert [(each.id, each.status) for each in found] == [
        ("system.relative-folder", Status.WARNING),
        ("system.aws-endpoint", Status.NOTE),
    ]
    assert "XDG_STATE_HOME=here" in found[0].summary


def look_at(folder: Folder) -> Finding:
    (found,) = folders.look(lambda: [folder])
    return found


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_that_it_will_be_in(tmp_path: Path) -> None:
    found = look_at(Folder("state", "stacks", tmp_path / "a" / "b", 0, 0, "move it"))
    assert found.status is Status.OK
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing"


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = look_at(Folder("state", "stacks", tmp_path / "file" / "stacks", 0, 0, "or move it"))
    assert found.status is Status.FAILED
    assert "is no folder" in found.summary
    assert "or move it" in str(found.fix)


@pytest.mark.parametrize(("needed", "good", "status"), [(2**62, 2**62, "failed"), (0, 2**62, "warning")])
def test_little_room(tmp_path: Path, needed: int, good: int, status: str) -> None:
    found = look_at(Folder("state", "stacks", tmp_path, needed, good, "or move it"))
    assert found.status == status
    assert found.details["free_bytes"] > 0


def test_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(path: Path) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(folders, "exclusive_if_free", no_locks)
    found = look_at(Folder("state", "stacks", tmp_path, 0, 0, "or move it"))
    assert found.status is Status.FAILED
    assert "has no locks: No locks available" in found.summary


def test_a_port_of_a_stack_is_told_with_its_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    ours = Holder("python", 12, str(tmp_path / "stacks" / "kept" / "engine"))
    monkeypatch.setattr("harness.engines.ports.holder", lambda port: ours if port == 4566 else None)
    found = {each.id: each for each in ports.fixed(lambda port: port == 3000, lambda _: None, {})}
    assert len(found) == len(ports.SERVICES)
    assert found["ports.grafana"].status is Status.OK
    assert "is taken by python (process 12) of the stack 'kept'" in found["ports.engine"].summary
    assert "floodgate down --name kept" in str(found["ports.engine"].fix)
    assert found["ports.sftp"].summary == "2222 (SFTP) is taken"


@pytest.mark.parametrize(
    ("container", "way"),
    [
        (Published("floodgate-x-1a", "x"), "`floodgate down --name x`"),
        (Published("main_sftp_1", "default", "main"), "`docker compose -p main down`"),
        (Published("somebodys"), "`docker stop somebodys`"),
    ],
)
def test_a_port_of_a_container_is_told_with_what_ends_it(container: Published, way: str) -> None:
    found = next(ports.fixed(lambda _: False, lambda _: container, {}))
    assert f"is taken by the container {container.name}" in found.summary
    assert str(found.fix).startswith(way)


@pytest.mark.parametrize(
    ("container", "status"),
    [
        (None, Status.FAILED),
        (Published("somebodys"), Status.FAILED),
        (Published("floodgate-x-1a", "x"), Status.FAILED),
        (Published("main_sftp_1", "default", "main"), Status.NOTE),
    ],
)
def test_a_taken_port_stands_in_the_way_unless_compose_has_it(
    container: Published | None, status: Status
) -> None:
    found = {each.id: each for each in ports.fixed(lambda _: False, lambda _: container, {})}
    assert found["ports.sftp"].status is status
    assert found["ports.grafana"].status is Status.NOTE, "it comes only when it is asked for"


def test_a_port_may_be_another_one() -> None:
    given = {"FLOODGATE_SFTP_PORT": "2223", "FLOODGATE_WEB_PORT": "http", "FLOODGATE_GRAFANA_PORT": "99999"}
    found = {each.id: each for each in ports.fixed(lambda _: True, lambda _: None, given)}
    assert found["ports.sftp"].details["port"] == 2223
    assert found["ports.locust"].status is found["ports.grafana"].status is Status.WARNING


def test_the_ports_are_those_of_compose() -> None:
    text = (Path(programs.__file__).parents[3] / "docker-compose.yml").read_text()
    told = re.findall(r"\$\{(FLOODGATE_[A-Z]+_PORT):-([0-9]+)\}", text)
    assert {(each.variable, str(each.port)) for each in ports.SERVICES} >= set(told)


def test_nothing_can_listen() -> None:
    def forbidden() -> int:
        raise PermissionError("not allowed")

    (found,) = ports.loopback(forbidden)
    assert found.status is Status.FAILED


def test_programs_of_the_tests_matter_in_a_checkout_only(tmp_path: Path) -> None:
    assert list(programs.for_tests(lambda _: None, tmp_path)) == []
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").touch()
    (found,) = programs.for_tests(lambda name: None if name == "slapd" else f"/usr/bin/{name}", tmp_path)
    assert found.details["missing"] == ["slapd"]
    assert found.fix == "apt install --no-install-recommends slapd"


def test_programs_of_users_are_never_needed() -> None:
    assert {found.status for found in programs.for_users(lambda _: None)} == {Status.NOTE}


def test_the_programs_of_the_tests_are_those_that_ci_installs() -> None:
    script = (Path(programs.__file__).parents[3] / ".ci" / "run").read_text()
    (table,) = re.findall(r"declare -A needed=\((.*?)\)", script, re.DOTALL)
    installed = dict(re.findall(r"\[([a-z-]+)\]=(\S+)", table))
    for program in ("make", "docker", "docker-compose"):
        del installed[program]
    assert installed == programs.FOR_TESTS
