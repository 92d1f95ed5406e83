"""What the generator writes down about each file: the ledger's lines, made in one place."""

from __future__ import annotations

import importlib.metadata
import os
import time

from harness import clock
from harness.load.config import LoadConfig
from harness.load.ledger_format import (
    DEFAULT_EXPECTS,
    DEFAULT_KIND,
    SCHEMA_VERSION,
    EndLine,
    EndReason,
    Event,
    FailureLine,
    HeaderLine,
    OfferedLine,
    StartedLine,
    UploadedLine,
)
from harness.load.ledger_writer import Ledger
from harness.load.plan import Arrival, Plan
from harness.load.upload import Result, Upload


class Books:
    """Writes the life of every file into the ledger. Safe to call from any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.offered_files = 0

    def header(self, config: LoadConfig, plan: Plan, scenario: str, starts_at: float) -> None:
        workload = plan.workload
        self._ledger.write(
            HeaderLine(
                e=Event.HEADER.value,
                schema_version=SCHEMA_VERSION,
                run_id=plan.run_id,
                seed=plan.seed,
                worker=config.worker,
                workers=config.shards,
                shard=config.shard,
                clock_ahead_s=config.clock_ahead_s,
                clock_error_s=config.clock_error_s,
                pid=os.getpid(),
                scenario=scenario,
                workload=workload.model_dump(mode="json"),
                customers=len(plan.customers),
                starts_at=starts_at,
                duration_s=workload.duration_s,
                files=workload.files,
                versions={name: importlib.metadata.version(name) for name in ("locust", "asyncssh")},
            )
        )

    def offered(self, upload: Upload) -> None:
        self.offered_files += 1
        self._ledger.write(offered_line(upload.arrival, upload.intended_at))

    def not_started(self, upload: Upload, cause: str) -> None:
        self._ledger.write(
            FailureLine(e=Event.NOT_STARTED.value, id=upload.arrival.ledger_id, at=clock.now(), cause=cause)
        )

    def started(self, upload: Upload) -> None:
        self._ledger.write(StartedLine(e=Event.STARTED.value, id=upload.arrival.ledger_id, at=clock.now()))

    def ended(self, upload: Upload, result: Result) -> None:
        """Write the final line of a file that was started."""
        file = upload.arrival.ledger_id
        if result.event is Event.UPLOADED:
            self._ledger.write(
                UploadedLine(e=Event.UPLOADED.value, id=file, at=result.at, sha256=upload.sha256 or "")
            )
            return
        self._ledger.write(
            FailureLine(
                e=Event.ABORTED.value if result.event is Event.ABORTED else Event.UPLOAD_FAILED.value,
                id=file,
                at=result.at,
                cause=result.cause or "",
                message=result.message,
                phase=result.phase or "",
            )
        )

    def end(self, reason: EndReason) -> None:
        self._ledger.write(
            EndLine(
                e=Event.END.value,
                offered=self.offered_files,
                at=clock.now(),
                reason=reason,
                cpu_s=round(time.process_time(), 3),
            )
        )


def offered_line(arrival: Arrival, intended_at: float) -> OfferedLine:
    """Return the line that puts a file on offer."""
    line = OfferedLine(
        e=Event.OFFERED.value,
        id=arrival.ledger_id,
        seq=arrival.sequence,
        key=arrival.key,
        customer_id=arrival.customer_id,
        size_bytes=arrival.size_bytes,
        intended_at=intended_at,
        fresh_session=arrival.fresh_session,
    )
    if arrival.kind != DEFAULT_KIND:
        line["kind"] = arrival.kind
    if arrival.expects != DEFAULT_EXPECTS:
        line["expects"] = arrival.expects
    if arrival.temp_suffix:
        line["temp_key"] = arrival.key + arrival.temp_suffix
    return line
