"""When a patch is left out."""

from __future__ import annotations

import pytest
from floodgate_localstack import versions

from harness.engines.localstack.differences import CORRECTED

pytestmark = pytest.mark.unit


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(versions, "installed_version", lambda: "4.9.2")
    return []


def patch(applied: list[str], known: frozenset[str] = versions.KNOWN_VERSIONS) -> bool:
    guarded = versions.named_patch("mine", versions=known)(lambda: applied.append("mine"))
    return bool(guarded())


def test_patch_is_applied_to_the_versions_that_it_was_made_for(applied: list[str]) -> None:
    assert patch(applied)
    assert not patch(applied, frozenset({"1.0"}))
    assert applied == ["mine"]


def test_patch_can_be_left_out_by_name(applied: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(versions.SKIPPED_VARIABLE, "other,mine")
    assert not patch(applied)
    monkeypatch.setenv(versions.SKIPPED_VARIABLE, "mine-too")
    assert patch(applied)


def test_patch_that_a_release_does_not_need_is_left_out_without_a_warning(
    applied: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    other = frozenset({"1.0"})
    assert not versions.named_patch("mine", versions=other, unneeded=frozenset({"4.9.2"}))(lambda: None)()
    assert caplog.records == []
    assert not versions.named_patch("mine", versions=other)(lambda: None)()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_reports_name_the_releases_that_there_are_corrections_for() -> None:
    assert set(CORRECTED) == versions.KNOWN_VERSIONS
