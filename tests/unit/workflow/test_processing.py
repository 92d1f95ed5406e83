"""Process: gzip into the processing bucket, and the check of CSV."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from typing import Any

import pytest

from pipeline.workflow import compressing, csv_check
from pipeline.workflow.compressing import PartWriter
from pipeline.workflow.documents import FileDocument
from pipeline.workflow.errors import CsvInvalidError, PermanentError, TransientError
from pipeline.workflow.processing import Process
from pipeline.workflow.settings import ProcessSettings
from tests.unit.workflow.conftest import PutUpload
from tests.unit.workflow.fakes import FakeStorage, PartStorage

pytestmark = pytest.mark.unit


def run(s3: FakeStorage, upload: Any, transform: str, remaining_s: float = 60) -> FileDocument:
    task = Process(s3, ProcessSettings(processing_bucket="processing"))  # type: ignore[arg-type]
    document = FileDocument(upload, "e-1", 1, "child", transform=transform, sha256="0" * 64)
    return FileDocument.from_json(task.run(document.to_json(), remaining_s))


def test_gzip_stages_the_compressed_file_under_the_same_key(s3: FakeStorage, put: PutUpload) -> None:
    body = b"a,b\n" * 1000
    upload, _ = put(body=body, content_type="text/csv", metadata={"owner": "x"})
    staged = run(s3, upload, "gzip").staged
    assert staged is not None
    (version,) = s3.buckets["processing"][upload.key]
    assert gzip.decompress(version.body) == body
    assert (staged.version_id, staged.size_bytes) == (version.version_id, len(version.body))
    assert staged.sha256 == hashlib.sha256(version.body).hexdigest()
    assert s3.headers[upload.key] == {
        "ContentType": "text/csv",
        "Metadata": {"owner": "x"},
        "ContentEncoding": "gzip",
    }


def test_trying_again_gives_the_same_bytes(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    first, second = run(s3, upload, "gzip").staged, run(s3, upload, "gzip").staged
    assert first is not None
    assert second is not None
    assert first.sha256 == second.sha256


def test_what_is_large_is_written_by_parts() -> None:
    s3, body = PartStorage(), os.urandom(3_500)
    writer = PartWriter(s3, {"Bucket": "processing", "Key": "k"}, {}, part_bytes=1000)  # type: ignore[arg-type]
    pieces = [body[start : start + 700] for start in range(0, len(body), 700)]
    staged = writer.write(pieces)
    assert s3.part_sizes == [1000, 1000, 1000, 500]
    assert s3.buckets["processing"]["k"][0].body == body
    assert (staged.size_bytes, staged.etag) == (3_500, "etag-2")
    assert staged.sha256 == hashlib.sha256(body).hexdigest()


def test_a_failed_part_leaves_nothing_behind() -> None:
    s3 = PartStorage(fail_at=2)
    writer = PartWriter(s3, {"Bucket": "processing", "Key": "k"}, {}, part_bytes=10)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="SlowDown"):
        writer.write([b"x" * 35])
    assert s3.uploads == {}
    assert s3.buckets["processing"] == {}


@pytest.mark.parametrize("body", [b"", b"x"])
def test_small_files_are_written_at_once(body: bytes) -> None:
    s3 = PartStorage()
    writer = PartWriter(s3, {"Bucket": "processing", "Key": "k"}, {})  # type: ignore[arg-type]
    writer.write(compressing.compressed([body]))
    assert s3.calls == ["PutObject"]
    assert gzip.decompress(s3.buckets["processing"]["k"][0].body) == body


def test_csv_counts_rows_and_stages_nothing(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put(body=b"a,b\r\n1,2\r\n3,4\r\n")
    found = run(s3, upload, "csv")
    assert (found.row_count, found.staged) == (2, None)


def test_a_source_that_is_gone_is_left_to_upload(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    s3.buckets["source"].clear()
    found = run(s3, upload, "gzip")
    assert (found.transform, found.sha256, found.staged) == ("none", None, None)


def test_an_unknown_transform_is_refused(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    with pytest.raises(PermanentError, match="UnknownTransform"):
        run(s3, upload, "zip")


def test_it_ends_in_good_order_when_time_is_up(s3: FakeStorage, put: PutUpload) -> None:
    upload, _ = put()
    with pytest.raises(TransientError, match=r"^DeadlineReached"):
        run(s3, upload, "gzip", remaining_s=1)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"a,b\n", 0),
        (b"a,b", 0),
        (b"\xef\xbb\xbfa,b\n1,2", 1),
        (b'a,b\n"x\r\ny","say ""hi"""\n', 1),
        (b"one\n1\n\n3\n", 3),
        ("a,b\nä,\u2028\n".encode(), 1),
    ],
)
def test_csv_that_is_right(body: bytes, rows: int) -> None:
    assert csv_check.count_rows(io.BytesIO(body)) == rows


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "line 1: there is no header"),
        (b"\n1\n", "line 1: there is no header"),
        (b" , \n", "line 1: there is no header"),
        (b"a,b\n1,2\n1\n", "line 3: 1 fields, the header has 2"),
        (b"a,b\n1,2,3\n", "line 2: 3 fields"),
        (b"a,b\n\n1,2\n", "line 2: 1 fields"),
        (b'a,b\n"1,2\n', "unexpected end of data"),
        (b'a,b\n"1"x,2\n', "line 2"),
        (b"a,b\n\xff,2\n", "after line 0: .*can't decode"),
        (b"a,b\n" + b"x" * 2_000_000, "more than 1048576 characters"),
    ],
)
def test_csv_that_is_wrong(body: bytes, reason: str) -> None:
    with pytest.raises(CsvInvalidError, match=reason):
        csv_check.count_rows(io.BytesIO(body))
