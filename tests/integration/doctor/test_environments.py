"""A damaged environment is found, and made again; not under a process that runs on it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harness.doctor.engines import environments
from harness.doctor.finding import Finding, Status
from harness.doctor.mend import mend
from harness.environments import ensure
from harness.environments.folders import MARKER

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


def test_a_python_that_no_longer_starts_is_found_and_made_again(home: Path) -> None:
    """As after an upgrade of the system's Python that went wrong: the link is right, the program is not."""
    python = ensure(KIND, print)
    marker = python.parent.parent / MARKER
    python.unlink()
    python.symlink_to("/bin/false")
    made = json.loads(marker.read_text())
    marker.write_text(json.dumps(made | {"python": Path("/bin/false").resolve().name}))
    assert ensure(KIND, print) == python, "the marker cannot know"
    broken = look()
    assert (broken.status, broken.mendable) == (Status.WARNING, True)
    mend([broken], print)
    assert look().status is Status.OK
