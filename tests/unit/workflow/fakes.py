"""What the tasks call, in memory."""

# ruff: noqa: N803  (arguments are named as in AWS's API)
from __future__ import annotations

import base64
import hashlib
import io
from types import SimpleNamespace
from typing import Any

from tests.unit.pipeline.fake_s3 import FakeS3, client_error


class FakeStorage(FakeS3):
    """The fake S3 of the copier, which can be read and written as well, and computes checksums."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets["processing"] = {}
        self.headers: dict[str, dict[str, Any]] = {}

    def get_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        self.calls.append("GetObject")
        found = self._find(Bucket, Key, VersionId, missing="NoSuchKey")
        body = io.BytesIO(found.body)
        return {"Body": body, "ContentType": found.content_type, "Metadata": found.metadata}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        found = self._find(Bucket, Key, VersionId, missing="404")
        return super().head_object(Bucket=Bucket, Key=Key, VersionId=VersionId) | {
            "ContentLength": len(found.body)
        }

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **headers: Any) -> dict[str, Any]:
        self.calls.append("PutObject")
        self.headers[Key] = headers
        version = self.put(Bucket, Key, Body)
        return {"VersionId": version.version_id, "ETag": version.etag}

    def copy_object(self, **arguments: Any) -> dict[str, Any]:
        with_checksum = arguments.pop("ChecksumAlgorithm", None) == "SHA256"
        answer = super().copy_object(**arguments)
        body = self._find(arguments["Bucket"], arguments["Key"], answer["VersionId"], missing="").body
        if with_checksum:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            answer["CopyObjectResult"] = {"ChecksumSHA256": digest}
        return answer


class PartStorage(FakeStorage):
    """Takes multipart uploads that are no copies, as `PartWriter` makes them; fails at a part if told so."""

    def __init__(self, fail_at: int = 0) -> None:
        super().__init__()
        self.fail_at = fail_at
        self.part_sizes: list[int] = []

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> dict[str, Any]:
        if PartNumber == self.fail_at:
            raise client_error("SlowDown")
        self.part_sizes.append(len(Body))
        return super().upload_part(UploadId=UploadId, PartNumber=PartNumber, Body=Body)

    def complete_multipart_upload(self, *, UploadId: str, **more: Any) -> dict[str, Any]:
        self.uploads[UploadId] |= {"Tagging": "", "ContentType": ""}
        answer = super().complete_multipart_upload(UploadId=UploadId, **more)
        return {**answer, "ETag": '"etag-2"'}


class LyingStorage(FakeStorage):
    """Stores other bytes than it was told to copy."""

    def copy_object(self, **arguments: Any) -> dict[str, Any]:
        source = self._find(**arguments["CopySource"], missing="NoSuchKey")
        source.body = b"x" + source.body
        return super().copy_object(**arguments)


class FakeTopic:
    """SNS; `down` is the code of the error that it answers with."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.down: str | None = None

    def publish(self, *, TopicArn: str, Message: str) -> None:
        if self.down:
            raise client_error(self.down)
        self.messages.append(Message)


class FakeStepFunctions:
    """Starts executions by name; `refuse` is the error for a name."""

    class ExecutionAlreadyExists(Exception):  # noqa: N818  (its name in botocore)
        """As botocore's client has it among its `exceptions`."""

    def __init__(self) -> None:
        self.exceptions = SimpleNamespace(ExecutionAlreadyExists=self.ExecutionAlreadyExists)
        self.started: dict[str, str] = {}
        self.refuse: dict[str, str] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> None:
        if code := self.refuse.get(name):
            raise client_error(code)
        if name in self.started:
            raise self.ExecutionAlreadyExists(name)
        self.started[name] = input
