"""A pipeline's storage without the pipeline: the test plays the part of the SFTP server and the worker."""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from harness import aws, identity
from harness.clock import now, to_iso
from harness.engines.base import EngineInfo
from harness.measure.settle import SettleInputs
from harness.stack.description import SftpEndpoint, StackDescription

RUN_ID = "run-9"


class Pipeline:
    """Buckets, table and queues of its own on a real engine, and a ledger of what was sent."""

    def __init__(self, engine: EngineInfo, folder: Path) -> None:
        self.engine = engine
        self.s3, self.sqs, self.dynamodb = (aws.client(name, engine) for name in ("s3", "sqs", "dynamodb"))
        self.ledger = folder / "ledger" / "ledger-0.jsonl"
        self.ledger.parent.mkdir()
        self.uploads = folder / "uploads.jsonl"
        self.offered = 0
        self.description = self._create(f"measure-{uuid.uuid4().hex[:8]}")
        self.line(e="header", schema_version=1, run_id=RUN_ID, seed=1)

    def _create(self, name: str) -> StackDescription:
        buckets = {"source": f"{name}-source", "destination": f"{name}-destination"}
        for bucket in buckets.values():
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        queues = {
            role: self.sqs.create_queue(QueueName=f"{name}-{role}")["QueueUrl"] for role in ("work", "dlq")
        }
        return StackDescription(
            name=name,
            engine=self.engine,
            route="queued",
            sftp=SftpEndpoint("127.0.0.1", 1, "SHA256:x", "s-0"),
            users=[],
            buckets=buckets,
            table=name,
            queues=queues,
            functions={},
        )

    def delete(self) -> None:
        for bucket in self.description.buckets.values():
            while objects := self._first_page(bucket):
                self.s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
            self.s3.delete_bucket(Bucket=bucket)
        self.dynamodb.delete_table(TableName=self.description.table)
        for url in self.description.queues.values():
            self.sqs.delete_queue(QueueUrl=url)

    def _first_page(self, bucket: str) -> list[dict[str, str]]:
        page = self.s3.list_object_versions(Bucket=bucket)
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]

    def inputs(self) -> SettleInputs:
        return SettleInputs(self.engine, self.description, self.ledger.parent, self.uploads)

    def line(self, **fields: Any) -> None:
        with self.ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")

    def end(self) -> None:
        self.line(e="end", offered=self.offered, at=now(), reason="complete")

    def upload(
        self, name: str = "", content: bytes = b"a,b,c\n", *, key: str | None = None
    ) -> tuple[str, str]:
        """Offer a file and put it into the source bucket; return key and version id."""
        ledger_id = identity.ledger_id(RUN_ID, self.offered)
        key = key or f"customer-{self.offered % 2}/incoming/{name}{ledger_id}.csv"
        began_at = now()
        self.line(
            e="offered",
            id=ledger_id,
            seq=self.offered,
            key=key,
            customer_id=key.partition("/")[0],
            size_bytes=len(content),
            intended_at=began_at,
        )
        self.line(e="started", id=ledger_id, at=began_at)
        bucket = self.description.buckets["source"]
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=content)
        version_id = str(answer["VersionId"])
        event = {"event": "closed", "user": "u", "bucket": bucket, "key": key, "version_id": version_id}
        event["etag"] = answer["ETag"].strip('"')
        with self.uploads.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**event, "size_bytes": len(content), "closed_at": now()}) + "\n")
        self.line(e="uploaded", id=ledger_id, at=now(), sha256=hashlib.sha256(content).hexdigest())
        self.offered += 1
        return key, version_id

    def file_id(self, key: str, version_id: str) -> str:
        return identity.file_id(self.description.buckets["source"], key, version_id)

    def copy(self, key: str, version_id: str) -> str:
        """Copy to the destination as the worker does, with its tag; return the new version id."""
        source = {"Bucket": self.description.buckets["source"], "Key": key, "VersionId": version_id}
        answer = self.s3.copy_object(
            Bucket=self.description.buckets["destination"],
            Key=key,
            CopySource=source,
            TaggingDirective="REPLACE",
            Tagging=f"floodgate-upload={self.file_id(key, version_id)}:1",
        )
        return str(answer["VersionId"])

    def row(self, key: str, version_id: str, status: str, **columns: str) -> None:
        times = dict.fromkeys(
            ("queued_at", "first_received_at", "handler_started_at", "handler_ended_at"), to_iso(now())
        )
        texts = {"file_id": self.file_id(key, version_id), "key": key, "status": status, **times, **columns}
        item: dict[str, Any] = {name: {"S": text} for name, text in texts.items()}
        self.dynamodb.put_item(
            TableName=self.description.table, Item={**item, "attempts": {"N": "1"}, "size_bytes": {"N": "6"}}
        )

    def deliver(self, key: str, version_id: str) -> None:
        self.row(key, version_id, "transferred", destination_version_id=self.copy(key, version_id))

    def send(self, queue: str, key: str, version_id: str) -> None:
        detail = {
            "bucket": {"name": self.description.buckets["source"]},
            "object": {"key": key, "version-id": version_id},
        }
        body = json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})
        self.sqs.send_message(QueueUrl=self.description.queues[queue], MessageBody=body)
