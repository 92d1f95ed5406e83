"""Process: makes what is to be delivered of a file, or checks it, as Download has decided.

* `gzip`: the compressed file goes to the processing bucket, under the key of the upload, and Upload copies
  it from there. It keeps content type and user metadata, and gets `Content-Encoding: gzip`.
* `csv`: the file stays as it is; it is checked, and its rows are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.common.deadline import Deadline
from pipeline.transfer import parts
from pipeline.workflow import compressing, csv_check
from pipeline.workflow.compressing import PartWriter
from pipeline.workflow.documents import NO_TRANSFORM, FileDocument
from pipeline.workflow.errors import PermanentError, translated
from pipeline.workflow.inspecting import SOURCE_GONE, chunks
from pipeline.workflow.settings import ProcessSettings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_KEPT = ("CacheControl", "ContentDisposition", "ContentLanguage", "ContentType", "Metadata")


@dataclass(frozen=True)
class Process:
    """The task."""

    s3: S3Client
    settings: ProcessSettings

    def run(self, task: Mapping[str, Any], remaining_s: float) -> dict[str, Any]:
        """Answer with the document, and what has been made of the file.

        :raises CsvInvalidError: the file is no CSV
        :raises PermanentError: there is no such transform
        """
        document = FileDocument.from_json(task)
        deadline = Deadline(remaining_s, self.settings.deadline_reserve_s)
        with translated():
            try:
                answer = self.s3.get_object(**parts.source(document.upload))
            except ClientError as exc:
                if exc.response["Error"]["Code"] in SOURCE_GONE:
                    # Upload finds out whether an earlier try has delivered it.
                    return document.with_(transform=NO_TRANSFORM, sha256=None).to_json()
                raise
            return self._transformed(document, answer, deadline).to_json()

    def _transformed(self, document: FileDocument, answer: Any, deadline: Deadline) -> FileDocument:
        if document.transform == "gzip":
            place = {"Bucket": self.settings.processing_bucket, "Key": document.upload.key}
            headers = {name: answer[name] for name in _KEPT if answer.get(name)}
            writer = PartWriter(self.s3, place, {**headers, "ContentEncoding": "gzip"})
            return document.with_(
                staged=writer.write(compressing.compressed(chunks(answer["Body"], deadline)))
            )
        if document.transform == "csv":
            return document.with_(row_count=csv_check.count_rows(answer["Body"]))
        raise PermanentError(f"UnknownTransform: there is no transform '{document.transform}'")
