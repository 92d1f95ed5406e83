"""A broken upload, the quarantine, and whoever may want to deliver it, on one table and one S3 in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.common.deadline import Deadline
from pipeline.common.events import Upload, read_upload
from pipeline.quarantine.evidence import Evidence
from pipeline.quarantine.quarantining import Quarantine
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.queue.batch import Batch
from pipeline.records import changes, states
from pipeline.records.batched import BatchedTable
from pipeline.records.single import RecordTable
from pipeline.transfer.copying import Copier
from pipeline.transfer.destination import UPLOAD_TAG
from pipeline.transfer.withdrawing import Withdrawal
from pipeline.workflow.copying import Copy
from pipeline.workflow.delivering import Deliver
from pipeline.workflow.errors import NothingToDoError, PartialUploadError, PermanentError, TransientError
from pipeline.workflow.settings import DeliverySettings, ValidateSettings
from pipeline.workflow.validating import Rules, Validate
from tests.unit.pipeline import events
from tests.unit.pipeline.fake_dynamodb import FakeDynamoDB
from tests.unit.pipeline.fake_s3 import WRITTEN_AT, FakeS3, Version
from tests.unit.pipeline.quarantine.turns import Life, Turned, Turns

KEY = "acme/file.csv"
THRESHOLD_BYTES, PART_BYTES = 100, 40
SETTINGS: dict[str, Any] = {
    "destination_bucket": "destination",
    "table_name": "table",
    "multipart_threshold_bytes": THRESHOLD_BYTES,
    "part_size_bytes": PART_BYTES,
    "part_concurrency": 1,
}
RETRIES = 4
MOMENT = "2026-11-22T20:00:00.500000000Z"


@dataclass
class World:
    """What the actors share."""

    recording: str = "full"
    s3: FakeS3 = field(default_factory=FakeS3)
    dynamodb: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    clock_s: ClassVar[float] = 0.0
    """The time of whichever world there is: it only ever goes on."""
    document: dict[str, Any] | None = None
    """What Validate has answered to the execution."""

    def __post_init__(self) -> None:
        self.s3.buckets["quarantine"] = {}

    def store(self, body: bytes) -> tuple[Upload, dict[str, Any]]:
        """Put an object into the source bucket; return it as an upload and as its event."""
        version = self.s3.put("source", KEY, body)
        event = events.object_created(
            key=KEY,
            version_id=version.version_id,
            size=len(body),
            etag=version.etag.strip('"'),
            sequencer=f"00{version.version_id[1:]:0>16}",
        )
        event["detail"]["bucket"]["name"] = "source"
        event["time"] = WRITTEN_AT.isoformat()
        return read_upload(event), event

    def notice(self, upload: Upload) -> dict[str, Any]:
        """Return the event by which the upload's server tells that it broke off."""
        return {
            "source": "aws.transfer",
            "detail": {
                "failure-code": "PARTIAL_UPLOAD",
                "file-path": f"/source/{upload.key}",
                "etag": upload.etag,
                "bytes": upload.size_bytes,
                "start-timestamp": MOMENT,
                "end-timestamp": MOMENT,
                "session-id": "s-1",
                "username": "acme",
            },
        }

    def state(self, upload: Upload) -> str | None:
        row = self.dynamodb.rows.get(upload.file_id)
        return str(row["status"]["S"]) if row else None

    def copies(self, upload: Upload) -> list[Version]:
        """Return what the destination holds of an upload."""
        found = self.s3.versions(upload.key)
        return [one for one in found if one.tags.get(UPLOAD_TAG, "").startswith(upload.file_id)]

    @contextmanager
    def actors(self, schedule: list[str], life: Life) -> Iterator[Actors]:
        with ThreadPoolExecutor(1) as records, ThreadPoolExecutor(1) as parts:
            yield Actors(self, Turns(schedule), life, records, parts)

    def passes(self, seconds: float) -> None:
        World.clock_s += seconds


@dataclass
class Actors:
    """Programs that meet at one upload. `life` is that of whoever delivers; its successors live."""

    world: World
    turns: Turns
    life: Life
    records: ThreadPoolExecutor
    parts: ThreadPoolExecutor

    def _clients(self, name: str, life: Life) -> tuple[Any, Any]:
        return (
            Turned(self.world.s3, self.turns, name, life),
            Turned(self.world.dynamodb, self.turns, name, life),
        )

    def quarantine(self, event: dict[str, Any], patience_s: float = 60.0) -> Callable[[], object]:
        s3, dynamodb = self._clients("quarantine", Life())
        settings = QuarantineSettings(**SETTINGS, quarantine_bucket="quarantine")

        def pause(seconds: float) -> None:
            self.turns.step("quarantine")
            self.world.passes(seconds)

        evidence = Evidence(s3, Withdrawal(s3, "destination"), settings, ThreadPoolExecutor(1))
        task = Quarantine(s3, RecordTable(dynamodb, settings), evidence, settings, pause)
        return lambda: task.run(event, patience_s + settings.deadline_reserve_s)

    def recorder(self, upload: Upload) -> Callable[[], object]:
        _, dynamodb = self._clients("recorder", Life())
        settings = DeliverySettings(**SETTINGS)
        row = changes.record(
            upload, status=states.QUEUED, queued_at="t", at="t", destination_bucket="destination"
        )
        return lambda: BatchedTable(dynamodb, settings).record({upload.file_id: row})

    def worker(
        self, event: dict[str, Any], name: str = "deliverer", life: Life | None = None
    ) -> Callable[[], Any]:
        """The worker behind the queue; returns the messages that must come again."""
        s3, dynamodb = self._clients(name, life or self.life)
        settings = DeliverySettings(**SETTINGS, recording=self.world.recording)

        def run() -> list[str]:
            batch = Batch(
                Copier(s3, settings, self.parts),
                BatchedTable(dynamodb, settings),
                self.records,
                Deadline(60, 0),
                withdrawal=Withdrawal(s3, "destination"),
                claimed_by=name,
                max_attempts=3,
            )
            receive_count = 1 if name == "deliverer" else 2
            returned = batch.run([events.sqs_record(event, receive_count=receive_count)])
            return [delivery.message_id for delivery in returned]

        return run

    def copy(
        self, event: dict[str, Any], name: str = "deliverer", life: Life | None = None
    ) -> Callable[[], Any]:
        """The Copy task of route `direct`."""
        s3, dynamodb = self._clients(name, life or self.life)
        settings = DeliverySettings(**SETTINGS)
        task = Copy(s3, Copier(s3, settings, self.parts), RecordTable(dynamodb, settings), settings)
        given = {"source_bucket": "source", "destination_bucket": "destination", "key": KEY}
        return lambda: task.run({**given, "event": event, "execution": "e-1"}, 60, name)

    def nested(
        self, event: dict[str, Any], name: str = "deliverer", life: Life | None = None
    ) -> Callable[[], Any]:
        """The Validate and Upload tasks of route `nested`, one after the other."""
        s3, dynamodb = self._clients(name, life or self.life)
        settings, copied = DeliverySettings(**SETTINGS), Copier(s3, DeliverySettings(**SETTINGS), self.parts)
        table = RecordTable(dynamodb, settings)
        rules = Rules.of(ValidateSettings(table_name="table", destination_bucket="destination"))
        deliver = Deliver(s3, copied, copied, table, settings)

        def run() -> None:
            # Step Functions tries the task again that failed, not those before it.
            if self.world.document is None:
                self.world.document = Validate(table, rules).run({"event": event, "execution": "e-1"})
            deliver.run(self.world.document, 60)

        return run


ENDS = (NothingToDoError, PartialUploadError, PermanentError)
"""What ends an execution without another try."""
AGAIN = (TransientError,)
