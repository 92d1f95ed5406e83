"""What crashed runs have left: stacks without a life, processes without a stack."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from harness.doctor import mend
from harness.doctor.finding import Finding, Status, warning
from harness.doctor.leftovers import containers, orphans, stacks
from harness.doctor.leftovers.containers import Leftover
from harness.doctor.leftovers.orphans import Orphan
from harness.engines import process
from harness.engines.base import ProcessRecord
from harness.engines.docker import labels
from harness.engines.docker.client import Problem
from harness.exceptions import InstallError
from harness.stack.state import Ownership, StackState
from tests.unit.stack.test_state import description

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    return tmp_path


def look() -> list[tuple[str, Status, bool]]:
    return [(found.id, found.status, found.mendable) for found in stacks.look()]


def test_no_stack() -> None:
    assert look() == [("leftovers.stacks", Status.OK, False)]


def test_a_stack_that_an_up_left_half_made_can_be_cleared() -> None:
    StackState("half").create(Ownership("localstack"))
    assert look() == [("leftovers.stack.half", Status.WARNING, True)]


def test_a_stack_that_is_being_brought_up_is_left_alone() -> None:
    state = StackState("busy")
    state.create(Ownership("localstack"))
    with state.locked():
        assert look() == [("leftovers.stack.busy", Status.NOTE, False)]


def test_a_stack_that_is_up_is_no_leftover() -> None:
    state = StackState("kept")
    state.create(Ownership("localstack"))
    state.processes.write(process.record_of("engine", os.getpid()))
    state.publish(description("kept"))
    assert look() == [("leftovers.stack.kept", Status.NOTE, False)]


def test_a_stack_that_lost_a_part_is_for_its_owner_to_end() -> None:
    state = StackState("broken")
    state.create(Ownership("localstack"))
    state.processes.write(process.record_of("engine", os.getpid()))
    state.processes.write(ProcessRecord("sftp", 2**22 + 1, 0.0))
    state.publish(description("broken"))
    assert look() == [("leftovers.stack.broken", Status.WARNING, False)]


def test_a_torn_state_is_a_finding() -> None:
    state = StackState("torn")
    state.create(Ownership("localstack"))
    (state.folder / "owner.json").write_text('{"eng')
    assert look() == [("leftovers.stack.torn", Status.WARNING, False)]


def test_no_orphans() -> None:
    (found,) = orphans.look(list)
    assert found.status is Status.OK


def test_orphans_are_named_and_counted() -> None:
    many = [Orphan(pid, "python", Path("/gone")) for pid in range(1, 9)]
    (found,) = orphans.look(lambda: many)
    assert found.mendable
    assert "python (1)" in found.summary
    assert "and 3 more" in found.summary
    assert found.details == {"pids": list(range(1, 9)), "folders": ["/gone"]}


@pytest.mark.parametrize("what_is_left", ["nothing", "the part", "the stack without the part"])
def test_an_orphan_is_one_whose_stack_is_gone(
    home: Path, monkeypatch: pytest.MonkeyPatch, what_is_left: str
) -> None:
    stack = home / "stacks" / "one"
    monkeypatch.setattr(process, "owner_of", lambda _: str(stack / "engine"))
    if what_is_left == "the part":
        (stack / "engine").mkdir(parents=True)
    if what_is_left == "the stack without the part":
        stack.mkdir(parents=True)
        (stack / "owner.json").touch()
    found = orphans._orphan(psutil.Process(os.getppid()))
    assert (found is not None) is (what_is_left == "nothing")


def test_a_process_in_a_container_is_none_of_ours(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "owner_of", lambda _: str(home / "not-here"))
    monkeypatch.setattr(orphans, "_sees_our_files", lambda _: False)
    assert orphans._orphan(psutil.Process(os.getppid())) is None


def test_mending_does_what_the_findings_say_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    deeds = {name: lambda _, name=name: done.append(name) for name in mend._DEEDS}
    monkeypatch.setattr(mend, "_DEEDS", deeds)
    dead = warning("leftovers.stack.one", "dead", fix="x", mendable=True)
    as_well = warning("leftovers.stack.two", "dead", fix="x", mendable=True)
    not_by_us = warning("leftovers.processes", "somebody's", fix="x")
    assert mend.mend([dead, as_well, not_by_us], lambda _: None)
    assert done == ["leftovers.stack."]


def test_nothing_to_mend() -> None:
    assert not mend.mend([Finding("cpu.cores", Status.WARNING, "few", "more")], lambda _: None)


def test_what_cannot_be_mended_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise InstallError("no index", hint="go online")

    monkeypatch.setattr(mend, "_DEEDS", {"environments.": refuse})
    told: list[str] = []
    mend.mend([warning("environments.engine", "half", fix="x", mendable=True)], told.append)
    assert told == ["not mended: no index (fix: go online)"]


def test_what_the_disk_forbids_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(mend, "_DEEDS", {"environments.": refuse})
    told: list[str] = []
    mend.mend([warning("environments.engine", "half", fix="x", mendable=True)], told.append)
    assert told == ["not mended: not yours"]


@pytest.mark.parametrize(
    ("home_of", "left"), [("/not/to/be/seen", True), ("{here}", False), ("", False), ("relative", False)]
)
def test_a_container_is_left_over_once_the_folder_of_its_stack_is_gone(
    home: Path, home_of: str, left: bool
) -> None:
    given = {labels.STACK: "one", labels.HOME: home_of.format(here=home)}
    assert containers.is_left_over(given) is left


def test_a_container_of_another_user_is_not_ours_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> bool:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "exists", forbidden)
    assert not containers.is_left_over({labels.STACK: "one", labels.HOME: "/root/stacks/one"})


@pytest.mark.parametrize("is_here", [True, False])
def test_containers_of_another_machine_are_not_for_us_to_remove(is_here: bool) -> None:
    (found,) = containers.look(lambda: [Leftover("1f", "floodgate-one-abc", "one", is_here)], lambda: None)
    assert found.mendable is is_here
    assert "docker rm -f -v floodgate-one-abc" in str(found.fix)
    assert ("unless they are of a stack on another machine" in str(found.fix)) is not is_here


def test_no_containers() -> None:
    (found,) = containers.look(list, lambda: None)
    assert found.status is Status.OK


def test_without_docker_nothing_is_said_about_containers() -> None:
    assert list(containers.look(list, lambda: Problem("absent", "none", "install it"))) == []
