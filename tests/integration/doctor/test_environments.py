"""A damaged environment is found, and made again; not under a process that runs on it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.doctor.engines import environments
from harness.doctor.finding import Finding, Status
from harness.doctor.mend import mend
from harness.environments import ensure

pytestmark = pytest.mark.integration

KIND = "lambda-runtime"
MODULE = "lib/python*/site-packages/boto3/session.py"


def look() -> Finding:
    (found,) = environments.look(KIND)
    return found


def test_a_damaged_environment_is_made_again_once_nobody_runs_on_it(home: Path) -> None:
    assert look().status is Status.NOTE  # not made yet
    python = ensure(KIND, print)
    assert look().status is Status.OK
    (module,) = python.parent.parent.glob(MODULE)
    module.unlink()
    assert ensure(KIND, print) == python, "the marker cannot know"
    damaged = look()
    assert (damaged.status, damaged.mendable, damaged.details["missing"]) == (Status.WARNING, True, 1)

    told: list[str] = []
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as at_work:
        mend([damaged], told.append)
        at_work.communicate(b"\n", timeout=30)
    assert "an engine runs on" in told[0]
    assert look() == damaged

    mend([damaged], told.append)
    assert look().status is Status.OK
    assert subprocess.run([python, "-c", "import boto3.session"], check=False).returncode == 0


def test_a_link_to_another_program_is_made_a_python_again(home: Path) -> None:
    python = ensure(KIND, print)
    python.unlink()
    python.symlink_to("/bin/false")
    assert ensure(KIND, print) == python, "the marker cannot know"
    broken = look()
    assert (broken.status, broken.mendable) == (Status.WARNING, True)
    mend([broken], print)
    assert look().status is Status.OK
