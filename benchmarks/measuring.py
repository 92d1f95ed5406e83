"""What measuring costs for each file, beside what the generator and the engine spend on it.

    python -m benchmarks.measuring [FILES]

CPU time of the parts that run for each file: writing its lines into the ledger (in the generator), reading
them while the run goes on and matching them with the SFTP server's list (the follower, in the harness),
reading its row as DynamoDB answers it. `benchmarks.settle` tells what settling costs, `benchmarks.sampling`
what the looks at queues and processes do.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.settle import RUN_ID, SHA256, SOURCE, T0, size, version_id, write_run
from harness import identity
from harness.load.ledger_format import OfferedLine, StartedLine, UploadedLine
from harness.load.ledger_writer import LedgerWriter
from harness.measure.joining import join
from harness.measure.ledger import LedgerReader
from harness.measure.row_reader import RowReader
from harness.measure.uploads import UploadsReader

LINES_PER_FLUSH = 9
"""At 11.6 files a second, three lines each, and a flush every quarter of a second."""


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _cost_of("three lines in the ledger", files):
            _write_ledger(folder / "ledger-w.jsonl", files)
        write_run(folder, files)
        reader, uploads = LedgerReader(folder / "ledger"), UploadsReader(folder / "uploads.jsonl", SOURCE)
        with _cost_of("reading them and the server's line", files):
            reader.poll()
            events = uploads.poll()
        with _cost_of("matching them", files):
            joined = join(reader.entries.values(), events, SOURCE)
        with _cost_of("its row, without the call", files):
            RowReader(_Table(), "t").fetch(upload.file_id or "" for upload in joined.uploads)


@contextmanager
def _cost_of(what: str, files: int) -> Iterator[None]:
    begun = time.process_time()
    yield
    print(f"{what:<36} {(time.process_time() - begun) / files * 1e6:6.1f} µs of CPU for each file")


def _write_ledger(path: Path, files: int) -> None:
    writer = LedgerWriter(path)
    for number in range(files):
        ledger_id = identity.ledger_id(RUN_ID, number)
        at, key = T0 + number, f"customer-1/incoming/{ledger_id}.csv"
        writer.write(
            OfferedLine(
                e="offered",
                id=ledger_id,
                seq=number,
                key=key,
                customer_id="customer-1",
                size_bytes=size(number),
                intended_at=at,
                fresh_session=False,
            )
        )
        writer.write(StartedLine(e="started", id=ledger_id, at=at))
        writer.write(UploadedLine(e="uploaded", id=ledger_id, at=at, sha256=SHA256))
        if number % (LINES_PER_FLUSH // 3) == 0:
            writer.flush()
    writer.close()


class _Table:
    """Answers as boto3 does, with a finished row for every key."""

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        keys = call["RequestItems"]["t"]["Keys"]
        return {"Responses": {"t": [_item(key) for key in keys]}, "UnprocessedKeys": {}}


def _item(key: dict[str, Any]) -> dict[str, Any]:
    at = {"S": "2027-01-15T08:00:00.250000Z"}
    times = dict.fromkeys(("queued_at", "first_received_at", "handler_started_at", "handler_ended_at"), at)
    texts = {"status": {"S": "transferred"}, "destination_version_id": {"S": version_id("d", 1)}}
    return {**key, **times, **texts, "attempts": {"N": "1"}, "receive_count": {"N": "1"}}


if __name__ == "__main__":
    main()
