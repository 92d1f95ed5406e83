"""Environments are made once, by whoever comes first, and repaired when they are broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.environments import ensure, recipes
from harness.environments.folders import MARKER
from harness.exceptions import InstallError

pytestmark = pytest.mark.integration

KIND = "lambda-runtime"
SCRIPT = f"""
from harness.environments import ensure
print("python", ensure({KIND!r}, lambda line: print(line, flush=True)), flush=True)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOODGATE_HOME", str(tmp_path))
    return tmp_path


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def interrupt_while_installing(number: signal.Signals) -> Path:
    """Start an installation, end it in the middle; return the folder that it leaves."""
    with start() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Lambda runtime: installing"):
                process.send_signal(number)
                break
        process.communicate(timeout=60)
    assert process.returncode != 0
    wait_until_no_uv_works_in(environments := Path(os.environ["FLOODGATE_HOME"]) / "environments")
    (folder,) = (path for path in environments.iterdir() if path.is_dir())
    return folder


def wait_until_no_uv_works_in(folder: Path) -> None:
    workers = [
        p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])
    ]
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def modules_work(python: Path) -> bool:
    return subprocess.run([python, "-c", "import awslambdaric, boto3"], check=False).returncode == 0


def test_second_call_makes_nothing() -> None:
    told: list[str] = []
    first = ensure(KIND, told.append)
    assert modules_work(first)
    assert any("ready" in line for line in told)
    told.clear()
    assert ensure(KIND, told.append) == first
    assert told == []


def test_bytecode_is_compiled_although_the_user_forbids_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    python = ensure(KIND, print)
    assert list(python.parent.parent.glob("lib/*/site-packages/boto3/__pycache__/*.pyc"))


def test_two_processes_at_once_make_it_once() -> None:
    with start() as first, start() as second:
        outputs = [process.communicate(timeout=120) for process in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    lines = [out.splitlines() for out, _ in outputs]
    assert lines[0][-1] == lines[1][-1]
    assert sum("Lambda runtime: installing" in out for out in lines) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_installation_is_repaired(number: signal.Signals) -> None:
    left = interrupt_while_installing(number)
    assert not (left / MARKER).exists()
    told: list[str] = []
    python = ensure(KIND, told.append)
    assert python.is_relative_to(left)
    assert any("removing what an interrupted installation left" in line for line in told)
    assert modules_work(python)


def test_lost_package_is_noticed() -> None:
    python = ensure(KIND, print)
    (lost,) = python.parent.parent.glob("lib/*/site-packages/boto3-*.dist-info")
    shutil.rmtree(lost)
    assert modules_work(ensure(KIND, print))
    assert lost.exists()


def test_lost_interpreter_is_noticed() -> None:
    python = ensure(KIND, print)
    python.unlink()
    assert modules_work(ensure(KIND, print))


def test_interpreter_that_leads_elsewhere_is_noticed() -> None:
    python = ensure(KIND, print)
    python.unlink()
    python.symlink_to("/bin/false")
    assert modules_work(ensure(KIND, print))


def test_torn_marker_is_noticed() -> None:
    marker = ensure(KIND, print).parent.parent / MARKER
    marker.write_text('{"distribu')
    assert modules_work(ensure(KIND, print))
    assert json.loads(marker.read_text())["distributions"]


def test_a_whole_one_in_a_cache_that_may_only_be_read_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    python = ensure(KIND, print)

    def refused(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(os, "utime", refused)
    told: list[str] = []
    assert ensure(KIND, told.append) == python
    assert told == []


def test_missing_index_is_an_install_error_with_uvs_words(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(home / "empty-cache"))
    with pytest.raises(InstallError) as caught:
        ensure(KIND, print)
    assert "Lambda runtime: uv ended with" in caught.value.message
    assert "boto3" in caught.value.message or "awslambdaric" in caught.value.message
    assert caught.value.hint


def test_missing_uv_is_an_install_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("uv.find_uv_bin", nowhere)
    with pytest.raises(InstallError) as caught:
        ensure(KIND, print)
    assert "pip install uv" in str(caught.value.hint)


def test_unwritable_place_is_an_install_error(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "a-file").write_text("")
    monkeypatch.setenv("FLOODGATE_HOME", str(home / "a-file"))
    with pytest.raises(InstallError, match="could not be installed"):
        ensure(KIND, print)


def test_changed_plugin_gets_an_environment_of_its_own_on_the_same_localstack(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """Entry points of a changed plugin are seen, and an engine on the old one is not disturbed."""
    monkeypatch.delenv("FLOODGATE_HOME")
    before = ensure("localstack", print)
    plugin = home / "plugin"
    shutil.copytree(recipes.PLUGIN_DIR, plugin, ignore=shutil.ignore_patterns("__pycache__"))
    project = plugin / "pyproject.toml"
    text = project.read_text()
    project.write_text(text.replace("floodgate_patches =", "renamed_patches ="))
    monkeypatch.setattr(recipes, "PLUGIN_DIR", plugin)
    after = ensure("localstack", print)
    try:
        assert before != after
        assert "floodgate_patches" in hooks_of(before)
        assert "renamed_patches" in hooks_of(after)
        assert "floodgate_patches" not in hooks_of(after)
    finally:
        shutil.rmtree(after.parent.parent)


def hooks_of(python: Path) -> str:
    script = (
        "from importlib.metadata import entry_points;"
        "print([e.name for e in entry_points(group='localstack.hooks.on_infra_start')])"
    )
    return subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout
