"""Upload: the copy, its verification, the end of the row."""

from __future__ import annotations

import gzip
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pipeline.common.events import Upload
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copier
from pipeline.workflow.delivering import Deliver
from pipeline.workflow.documents import FileDocument, Staged
from pipeline.workflow.errors import ChecksumMismatchError, PermanentError
from pipeline.workflow.settings import DeliverySettings
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import client_error
from tests.unit.workflow.conftest import PutUpload
from tests.unit.workflow.fakes import FakeStorage, LyingStorage

pytestmark = pytest.mark.unit

BODY = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def deliver(s3: FakeStorage, copier: Copier, table: RecordTable, settings: DeliverySettings) -> Deliver:
    return made(s3, copier, table, settings)


def made(s3: FakeStorage, copier: Copier, table: RecordTable, settings: DeliverySettings) -> Deliver:
    unchecked = replace(copier, settings=replace(settings, check_source_is_current=False))
    return Deliver(s3, copier, unchecked, table, settings)  # type: ignore[arg-type]


def run(deliver: Deliver, table: RecordTable, upload: Upload, **more: Any) -> dict[str, Any]:
    table.claim(upload, "e-1")
    document = FileDocument(upload, "e-1", 1, "child", transform="none", **{"sha256": SHA256, **more})
    return deliver.run(document.to_json(), 60)


def row(dynamodb: FakeDynamoDB, upload: Upload) -> dict[str, Any]:
    return {name: next(iter(value.values())) for name, value in dynamodb.rows[upload.file_id].items()}


def test_a_copy_is_verified_and_recorded_without_a_further_call(
    s3: FakeStorage, deliver: Deliver, table: RecordTable, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, _ = put(body=BODY)
    result = run(deliver, table, upload, row_count=1)
    assert result["message"] == f"File {upload.key} copied successfully"
    assert (result["status"], result["sha256"], result["row_count"]) == ("Success", SHA256, 1)
    assert s3.calls == ["HeadObject", "CopyObject"]
    assert dynamodb.calls == ["UpdateItem", "UpdateItem"]
    found = row(dynamodb, upload)
    assert (found["status"], found["sha256"], found["row_count"]) == ("transferred", SHA256, "1")
    assert found["destination_version_id"] == s3.versions(upload.key)[0].version_id


def test_a_copy_with_other_bytes_is_deleted(
    table: RecordTable,
    settings: DeliverySettings,
    dynamodb: FakeDynamoDB,
    pool: ThreadPoolExecutor,
) -> None:
    s3 = LyingStorage()
    version = s3.put("source", "acme/a.csv", BODY)
    upload = Upload("f", "source", "acme/a.csv", version.version_id, len(BODY), "e", "01", "t")
    deliver = made(s3, Copier(s3, settings, pool, with_checksum=True), table, settings)  # type: ignore[arg-type]
    with pytest.raises(ChecksumMismatchError, match=SHA256):
        run(deliver, table, upload)
    assert s3.versions(upload.key) == []
    assert row(dynamodb, upload)["status"] == "processing"


def test_a_copy_that_an_earlier_try_made_is_read_again(
    s3: FakeStorage, deliver: Deliver, table: RecordTable, put: PutUpload
) -> None:
    upload, _ = put(body=BODY)
    first = run(deliver, table, upload)
    s3.calls.clear()
    second = run(deliver, table, upload)
    assert second["destination_version_id"] == first["destination_version_id"]
    assert s3.calls[-1] == "GetObject"
    assert len(s3.versions(upload.key)) == 1


def test_a_staged_file_takes_the_place_of_its_upload(
    s3: FakeStorage, deliver: Deliver, table: RecordTable, put: PutUpload
) -> None:
    upload, _ = put(body=BODY)
    packed = gzip.compress(BODY)
    version = s3.put("processing", upload.key, packed)
    staged = Staged("processing", version.version_id, "etag", len(packed), hashlib.sha256(packed).hexdigest())
    run(deliver, table, upload, staged=staged)
    (delivered,) = s3.versions(upload.key)
    assert delivered.body == packed
    assert delivered.tags == {"floodgate-upload": f"{upload.file_id}:{upload.sequencer}"}


def test_a_source_that_has_vanished_ends_well(
    s3: FakeStorage, deliver: Deliver, table: RecordTable, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, _ = put(body=BODY)
    s3.delete("source", upload.key)
    result = run(deliver, table, upload)
    assert (result["status"], s3.versions(upload.key)) == ("Superseded", [])
    assert row(dynamodb, upload)["status"] == "superseded"


def test_a_refusal_of_the_destination_is_left_to_the_parent(
    s3: FakeStorage, deliver: Deliver, table: RecordTable, dynamodb: FakeDynamoDB, put: PutUpload
) -> None:
    upload, _ = put(body=BODY)

    def refuse() -> None:
        raise client_error("AccessDenied")

    s3.before_copy = refuse
    with pytest.raises(PermanentError, match=r"^AccessDenied: "):
        run(deliver, table, upload)
    assert row(dynamodb, upload)["status"] == "processing"


def test_each_end_is_counted_once(
    deliver: Deliver, table: RecordTable, put: PutUpload, capsys: pytest.CaptureFixture[str]
) -> None:
    upload, _ = put(body=BODY)
    run(deliver, table, upload)
    run(deliver, table, upload)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["FilesTransferred"] for line in metrics] == [[1.0]]
    assert metrics[0]["BytesTransferred"] == [len(BODY)]
    assert len(metrics[0]["TransferDuration"]) == 1
