"""Settings of the functions and of the ECS worker, all from environment variables that the template sets.

Each function reads only its own. `=` shows a default; a variable without one must be set.

* Worker: copying, records, clients; WORK_QUEUE_URL, RECORD_CONCURRENCY=10, RETRY_DELAYS_S=30,120,0,
  DEADLINE_RESERVE_S=15
* ECS worker: as the Worker; VISIBILITY_TIMEOUT_S (that of the work queue), WORKER_CONCURRENCY=1,
  BATCH_TIMEOUT_S=900, STOP_TIMEOUT_S=25, RECEIVE_WAIT_S=20
* Recorder: records, clients; RECORDED_STATUS=queued
* Enrichment: none
* copying: DESTINATION_BUCKET, MULTIPART_THRESHOLD_BYTES=5368709120, PART_SIZE_BYTES=268435456,
  PART_CONCURRENCY=16, KEEP_SOURCE_TAGS=false, CHECK_SOURCE_IS_CURRENT=true
* records: TABLE_NAME, DESTINATION_BUCKET, RECORDING=full, RECORDER_DELAY_S=1, MAX_ATTEMPTS=3, ROW_TTL_DAYS=0
* clients: READ_TIMEOUT_S=60

Logs and metrics take POWERTOOLS_SERVICE_NAME, POWERTOOLS_LOG_LEVEL and POWERTOOLS_METRICS_NAMESPACE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Self, get_type_hints

_TRUTH = {"true": True, "false": False}
_CHOICES = {"RECORDING": ("full", "lean"), "RECORDED_STATUS": ("uploaded", "queued")}


class SettingsError(ValueError):
    """Environment variables are missing or make no sense; the text names all of them."""


class FromEnvironment:
    """Base of settings: `part_size_bytes` is the variable `PART_SIZE_BYTES`, of the type of the field."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises `SettingsError`: the function must not start."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        kinds = get_type_hints(cls)
        described: tuple[Field[Any], ...] = fields(cls)  # type: ignore[arg-type]
        for field in described:
            name = field.name.upper()
            if name in environment:
                try:
                    values[field.name] = _value(name, environment[name], kinds[field.name])
                except ValueError:
                    problems.append(f"{name} cannot be '{environment[name]}'")
            elif field.default is MISSING:
                problems.append(f"{name} is not set")
        if problems:
            raise SettingsError(f"{', '.join(problems)}: correct these environment variables")
        return cls(**values)


def _value(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text not in _TRUTH:
            raise ValueError(text)
        return _TRUTH[text]
    if kind == tuple[int, ...]:
        return tuple(int(part) for part in text.split(","))
    if kind is str and (not text or text not in _CHOICES.get(name, (text,))):
        raise ValueError(text)
    return kind(text)


@dataclass(frozen=True, kw_only=True)
class ClientSettings(FromEnvironment):
    """How AWS is called."""

    read_timeout_s: float = 60.0
    """Time that AWS has for one answer. Must fit several times into the function's timeout."""


@dataclass(frozen=True, kw_only=True)
class CopySettings(FromEnvironment):
    """How a file is copied to the destination bucket."""

    destination_bucket: str
    multipart_threshold_bytes: int = 5 * 1024**3
    """Objects larger than this are copied by parts. `CopyObject` takes 5 GiB at most."""
    part_size_bytes: int = 256 * 1024**2
    part_concurrency: int = 16
    """Parts of one object that are copied at the same time."""
    keep_source_tags: bool = False
    """Also carry the tags of small objects over, for one more S3 call per file."""
    check_source_is_current: bool = True
    """Look before the copy whether the key still shows this upload, for one more S3 call per file."""


@dataclass(frozen=True, kw_only=True)
class RecordSettings(FromEnvironment):
    """How rows of the metadata table are written."""

    table_name: str
    destination_bucket: str
    """Named in the rows."""
    recording: str = "full"
    """`full`: a recorder makes the row; `lean`: whoever handles the upload first does."""
    recorder_delay_s: float = 1.0
    """For so long the recorder gathers events: a younger upload has no row yet. Wrong, it costs a call."""
    max_attempts: int = 3
    """The last attempt at an upload leaves its row `failed`. The queue's maximal receive count."""
    row_ttl_days: int = 0
    """Rows of ended uploads expire after this time; 0 keeps them."""


@dataclass(frozen=True, kw_only=True)
class RecorderSettings(RecordSettings, ClientSettings):
    """The recorder."""

    recorded_status: str = "queued"
    """`uploaded` where no work queue follows at once: without a queue, or with a Pipe in between."""


@dataclass(frozen=True, kw_only=True)
class TransferSettings(CopySettings, RecordSettings, ClientSettings):
    """A function that copies and records, as the Copy and Upload tasks of a state machine do."""


@dataclass(frozen=True, kw_only=True)
class QueueSettings(FromEnvironment):
    """The work queue, as far as failed messages go."""

    work_queue_url: str
    retry_delays_s: tuple[int, ...] = (30, 120, 0)
    """Time until a failed message is visible again, after its first, second, … receive; the last repeats."""

    def retry_delay_s(self, receive_count: int) -> int:
        """Return how long a message stays hidden that has failed on its `receive_count`-th receive."""
        return self.retry_delays_s[min(receive_count, len(self.retry_delays_s)) - 1]


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(TransferSettings, QueueSettings):
    """The worker behind the work queue."""

    record_concurrency: int = 10
    """Records of one batch that are handled at the same time."""
    deadline_reserve_s: float = 15.0
    """Time that is kept at the end of an invocation to write what has happened."""


@dataclass(frozen=True, kw_only=True)
class EcsWorkerSettings(WorkerSettings):
    """The worker that polls the work queue itself."""

    visibility_timeout_s: int
    """That of the work queue. Messages of a batch that takes long are kept hidden by extending it."""
    worker_concurrency: int = 1
    """Batches that are handled at the same time."""
    batch_timeout_s: float = 900.0
    """Time for one batch; what is not copied then is given back."""
    stop_timeout_s: float = 25.0
    """Time after SIGTERM to finish what is held. ECS kills the task after its own `stopTimeout` (30 s)."""
    receive_wait_s: int = 20
    """Long polling: how long a receive waits for messages. SQS allows 20 s at most."""
