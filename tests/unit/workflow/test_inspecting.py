"""Download: what the bytes say, and what follows from it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from pipeline.workflow.documents import FileDocument
from pipeline.workflow.errors import ChecksumMismatchError, DisallowedTypeError, TransientError
from pipeline.workflow.inspecting import Download, check_told, inspect, transform_for
from pipeline.workflow.settings import DownloadSettings
from tests.unit.workflow.conftest import PutUpload
from tests.unit.workflow.fakes import FakeStorage

pytestmark = pytest.mark.unit

BODY = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(BODY).hexdigest()


def run(
    s3: FakeStorage, upload: Any, transform: str = "none", *, allowed: str = "*", remaining_s: float = 60
) -> FileDocument:
    task = Download(s3, DownloadSettings(allowed_content_types=allowed))  # type: ignore[arg-type]
    document = FileDocument(upload, "e-1", 1, "child")
    answer = task.run({"file": document.to_json(), "transform": transform}, remaining_s)
    return FileDocument.from_json(answer)


def test_the_bytes_are_read_once(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put(body=BODY)
    found = run(s3, upload)
    assert (found.sha256, found.content_type, found.transform) == (SHA256, "text/csv", "none")
    assert found.upload == upload
    assert s3.calls == ["GetObject"]


def test_it_is_this_version_that_is_read(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put(body=BODY)
    put(body=b"newer")
    assert run(s3, upload).sha256 == SHA256


@pytest.mark.parametrize("told", [SHA256, SHA256.upper(), base64.b64encode(bytes.fromhex(SHA256)).decode()])
def test_the_senders_checksum_is_compared(s3: FakeStorage, put: PutUpload, told: str) -> None:
    upload, _ = put(body=BODY, metadata={"sha256": told})
    assert run(s3, upload).sha256 == SHA256


@pytest.mark.parametrize("told", ["0" * 64, "", "nonsense", "AAAA"])
def test_another_checksum_is_refused(told: str) -> None:
    with pytest.raises(ChecksumMismatchError, match=SHA256):
        check_told(told, SHA256)


def test_content_that_is_not_listed_is_refused(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put(body=b"%PDF-1.7")
    with pytest.raises(DisallowedTypeError, match="application/pdf"):
        run(s3, upload, allowed="text/csv, text/plain")


@pytest.mark.parametrize("body", [BODY, b""])
def test_content_that_is_listed_passes_and_so_does_an_empty_file(
    s3: FakeStorage, put: PutUpload, body: bytes
) -> None:
    upload, _ = put(body=body)
    assert run(s3, upload, allowed="text/csv").sha256 == hashlib.sha256(body).hexdigest()


def test_a_source_that_is_gone_is_left_to_upload(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    s3.buckets["source"].clear()
    found = run(s3, upload, "gzip")
    assert (found.sha256, found.transform) == (None, "none")


def test_it_ends_in_good_order_when_time_is_up(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    with pytest.raises(TransientError, match=r"^DeadlineReached"):
        run(s3, upload, remaining_s=1)


def test_pieces_make_no_difference() -> None:
    body = bytes(range(256)) * 64
    whole = inspect([body])
    assert whole == inspect([body[start : start + 100] for start in range(0, len(body), 100)])
    assert whole.size_bytes == len(body)


@pytest.mark.parametrize(
    ("wanted", "key", "kind", "transform"),
    [
        ("none", "a.csv", "text/csv", "none"),
        ("gzip", "a.csv", "text/csv", "gzip"),
        ("gzip", "a.csv.gz", "application/gzip", "none"),
        ("csv", "A.CSV", "application/pdf", "csv"),
        ("csv", "a.txt", "text/csv", "none"),
    ],
)
def test_each_file_gets_the_transform_that_fits_it(wanted: str, key: str, kind: str, transform: str) -> None:
    assert transform_for(wanted, key, kind) == transform
