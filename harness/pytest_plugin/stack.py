"""The stack as a test sees it: how to reach each part, and what the pipeline has written about a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness import aws, identity
from harness.measure.row_reader import RowReader
from harness.measure.rows import Row
from harness.stack.description import StackDescription


@dataclass(frozen=True)
class Stack:
    """A running stack. `description` is what `floodgate status --json` prints."""

    description: StackDescription

    @property
    def name(self) -> str:
        return self.description.name

    @property
    def endpoint_url(self) -> str:
        """Of the AWS API."""
        return self.description.engine.endpoint_url

    @property
    def source_bucket(self) -> str:
        return self.description.buckets["source"]

    @property
    def destination_bucket(self) -> str:
        return self.description.buckets["destination"]

    def client(self, service: str) -> Any:
        """Return a new boto3 client of the stack's engine, e.g. `client("sqs")`."""
        return aws.client(service, self.description.engine)

    @cached_property
    def s3(self) -> Any:
        """One boto3 S3 client for all tests of this process."""
        return self.client("s3")

    def file_id(self, key: str) -> str | None:
        """Return the id of the newest upload of a key in the source bucket, `None` where there is none."""
        found = self.s3.list_object_versions(Bucket=self.source_bucket, Prefix=key)
        for version in found.get("Versions", ()):
            if version["Key"] == key:
                return identity.file_id(self.source_bucket, key, version["VersionId"])
        return None

    def row(self, key: str) -> Row | None:
        """Return the table's row about the newest upload of a key; `None` until there is one.

        :raises StackLostError: the engine does not answer
        :raises AwsError: the table cannot be read
        """
        file_id = self.file_id(key)
        return None if file_id is None else self.row_of(file_id)

    def row_of(self, file_id: str) -> Row | None:
        """Return the table's row with this id, as `row` does."""
        return self._rows.fetch([file_id], consistent=True).get(file_id)

    @cached_property
    def _rows(self) -> RowReader:
        return RowReader(self.client("dynamodb"), self.description.table)
