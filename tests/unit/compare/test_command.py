"""`floodgate compare` as it is typed."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.cli.app import invoke
from harness.exit_codes import ExitCode

pytestmark = pytest.mark.unit


@pytest.fixture
def folders(like, slower, tmp_path):
    """Copies, because the page is written into the new run's folder."""
    named = {"base": like[0], "again": like[1], "slow": slower[0]}
    return {name: shutil.copytree(run.folder, tmp_path / name) for name, run in named.items()}


def test_like_runs_end_with_0_and_a_page(folders, capsys):
    assert invoke(["compare", str(folders["base"]), str(folders["again"])]) == ExitCode.PASSED
    assert (folders["again"] / "compare.html").stat().st_size > 10_000
    assert "end_to_end.p50" in capsys.readouterr().out


def test_a_regression_ends_with_4(folders, tmp_path, capsys):
    arguments = ["compare", str(folders["base"]), str(folders["slow"] / "summary.json"), "--tolerance", "10%"]
    assert invoke([*arguments, "--out", str(tmp_path / "out")]) == ExitCode.THRESHOLD
    assert "Regression\nWorse by more than 10 %: end_to_end.p50" in capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert data["verdict"] == "regression"
    assert "end_to_end.p50" in data["regressions"]
    assert 'href="../slow/report.html"' in (tmp_path / "out" / "compare.html").read_text()


def test_repeats_are_named_by_options(folders, slower, capsys):
    arguments = [str(folders["base"]), str(folders["slow"]), "--base", str(folders["again"])]
    found = invoke(["compare", *arguments, "--new", str(slower[1].folder)])
    assert found in (ExitCode.PASSED, ExitCode.THRESHOLD)
    assert "2 and 2 runs." in capsys.readouterr().out


@pytest.mark.parametrize("tolerance", ["ten", "-5%", "%", "nan", "1e3"])
def test_a_tolerance_is_a_percentage(folders, tolerance, capsys):
    arguments = [str(folders["base"]), str(folders["again"]), f"--tolerance={tolerance}"]
    assert invoke(["compare", *arguments]) == ExitCode.USAGE
    assert "for example --tolerance 10%" in capsys.readouterr().err


def test_folders_that_are_none_are_all_told(folders, tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "summary.json").write_text("{}")
    assert invoke(["compare", str(tmp_path / "no-such"), str(tmp_path / "broken")]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "no-such" in said
    assert "is not a run summary" in said


def test_a_files_parquet_that_is_torn_is_told(folders, capsys):
    (folders["again"] / "files.parquet").write_bytes(b"PAR1torn")
    assert invoke(["compare", str(folders["base"]), str(folders["again"])]) == ExitCode.INTERNAL_ERROR
    assert "cannot read" in capsys.readouterr().err
    assert not (folders["again"] / "compare.html").exists()
