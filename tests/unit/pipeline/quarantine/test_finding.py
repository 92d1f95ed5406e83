"""Which version a broken upload has left, and which event tells of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.quarantine import finding, notices
from pipeline.quarantine.finding import SourceVersion, UnversionedSourceError
from pipeline.quarantine.notices import MalformedNoticeError, Notice

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 23, 10, 0, 30, 400_000, tzinfo=UTC)
ETAG = "b1946ac92492d2347c6235b4d2611184"


def notice(**changed: Any) -> Notice:
    """Return a notice of an upload that took ten seconds; `None` leaves a field out."""
    detail = {
        "status-code": "FAILED",
        "protocol": "SFTP",
        "bytes": 4096,
        "client-ip": "10.0.0.141",
        "start-timestamp": "2026-11-23T10:00:20.400000001Z",
        "end-timestamp": "2026-11-23T10:00:30.400000999Z",
        "etag": ETAG,
        "file-path": "/uploads/acme/a+b file.csv",
        "server-id": "s-1111aaaa2222bbbb3",
        "username": "acme",
        "session-id": "0049cd844c7536c06a89",
        "failure-code": "PARTIAL_UPLOAD",
        "failure-message": "File was partially uploaded.",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    given = {name: value for name, value in detail.items() if value is not None}
    return notices.read({"source": "aws.transfer", "detail": given})


def version(
    name: str, seconds: float, *, etag: str = ETAG, size: int = 4096, whole: bool = True
) -> SourceVersion:
    """Return a version that was stored so many seconds after the end; S3 tells whole seconds."""
    moment = END + timedelta(seconds=seconds)
    return SourceVersion(name, etag, size, moment.replace(microsecond=0) if whole else moment)


def found(told: Notice, *newest_first: SourceVersion) -> list[str]:
    return [one.version_id for one in finding.candidates(told, newest_first)]


def test_the_path_names_bucket_and_key_as_they_are() -> None:
    told = notice()
    assert (told.bucket, told.key, told.size_bytes) == ("uploads", "acme/a+b file.csv", 4096)
    assert told.ended_at == END
    assert told.message == (
        "the upload by acme broke off: 4096 bytes arrived"
        " (session 0049cd844c7536c06a89 2026-11-23T10:00:20.400000001Z)"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"failure_code": "UNKNOWN_ERROR"},
        {"failure_code": None},
        {"file_path": "/uploads"},
        {"file_path": None},
        {"session_id": None},
        {"end_timestamp": "yesterday"},
        {"end_timestamp": "2026-11-23T10:00:30"},
        {"bytes": "many"},
    ],
    ids=str,
)
def test_what_tells_of_no_broken_upload_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedNoticeError):
        notice(**changed)


def test_the_version_of_that_etag_is_it() -> None:
    other = version("other", 0, etag="0" * 32)
    assert found(notice(), other, version("v", 0), version("older", -5, etag="1" * 32)) == ["v"]


def test_an_older_version_of_the_same_bytes_is_not_it() -> None:
    assert found(notice(), version("v", 0), version("yesterday", -86_400)) == ["v"]


def test_what_was_stored_while_the_upload_was_open_comes_second() -> None:
    """Another session wrote the same bytes meanwhile, as a whole file."""
    assert found(notice(), version("v", 0), version("whole", -6)) == ["v", "whole"]


@pytest.mark.parametrize("whole", [True, False], ids=["seconds", "microseconds"])
def test_the_whole_file_that_follows_at_once_is_not_taken_for_it(whole: bool) -> None:
    first = version("v", -0.05, whole=whole)
    assert found(notice(), version("retry", 0.3, whole=whole), first)[0] == "v"
    assert found(notice(), version("retry", 1.5, whole=whole), first)[0] == "v"


def test_a_clock_that_is_behind_does_not_hide_it() -> None:
    assert found(notice(), version("v", 1.2, whole=False)) == ["v"]
    assert found(notice(), version("v", 60)) == []


def test_without_an_etag_it_must_be_the_only_one_of_that_size() -> None:
    told = notice(etag=None)
    assert found(told, version("v", -0.1, whole=False)) == ["v"]
    assert found(told, version("v", -0.1), version("w", -0.2)) == []
    assert found(told, version("v", -0.1, size=4097)) == []
    assert found(told, version("retry", 0.2, whole=False)) == [], "a whole file that came afterwards"
    assert found(notice(etag=None, bytes=None), version("v", -0.1)) == []


def test_a_bucket_without_versions_is_refused() -> None:
    with pytest.raises(UnversionedSourceError, match="uploads"):
        finding.as_upload(notice(), version("null", 0))
