"""`floodgate report DIR`: the same renderings again, from the run folder alone."""

from __future__ import annotations

import pytest

from harness.exceptions import ReportError
from harness.report.rerender import rerender
from harness.report.series import read_samples, write_series
from harness.report.write import write_reports
from tests.unit.report import builders

pytestmark = pytest.mark.unit

RENDERED = ("report.html", "summary.md", "junit.xml")


def test_rendering_again_changes_nothing(tmp_path):
    write_reports(tmp_path, builders.inputs(list(builders.random_records(200))))
    first = {name: (tmp_path / name).read_bytes() for name in RENDERED}
    for name in RENDERED:
        (tmp_path / name).unlink()
    assert [path.name for path in rerender(tmp_path)] == list(RENDERED)
    assert {name: (tmp_path / name).read_bytes() for name in RENDERED} == first


def test_the_job_summary_is_not_written_twice(tmp_path, monkeypatch):
    write_reports(tmp_path, builders.inputs())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    rerender(tmp_path)
    assert not (tmp_path / "step.md").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"timeline": {}, "resources": {"engine": {}}}', "[1]"])
def test_broken_series_are_named(tmp_path, content):
    write_reports(tmp_path, builders.inputs())
    (tmp_path / "series.json").write_text(content)
    with pytest.raises(ReportError, match=r"series\.json") as caught:
        rerender(tmp_path)
    assert caught.value.hint


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ReportError, match=r"summary\.json"):
        rerender(tmp_path)


def test_samples_come_back_as_they_were_written(tmp_path):
    inputs = builders.inputs()
    write_series(tmp_path, inputs)
    found = read_samples(tmp_path)
    assert found["queue.work.depth"] == inputs.samples.series["queue.work.depth"]
    assert set(found) == set(inputs.samples.series)


def test_a_folder_of_an_earlier_version_has_no_samples(tmp_path):
    (tmp_path / "series.json").write_text('{"schema_version": 1, "timeline": {}, "resources": {}}')
    assert read_samples(tmp_path) == read_samples(tmp_path / "nowhere") == {}
