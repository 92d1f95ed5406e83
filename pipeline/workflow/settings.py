"""Environment variables of the functions of the state machines. `=` shows a default.

* Validate: records, clients; MAX_SIZE_BYTES=5497558138880, ALLOWED_SUFFIXES=*
* Download: clients; ALLOWED_CONTENT_TYPES=*, DEADLINE_RESERVE_S=5
* Process: clients; PROCESSING_BUCKET, DEADLINE_RESERVE_S=5
* Upload, Copy: copying, records, clients; DEADLINE_RESERVE_S=5
* Notify: records, clients; RESULTS_TOPIC_ARN
* Starter: clients; STATE_MACHINE_ARN, WORK_QUEUE_URL, RETRY_DELAYS_S=30,120,0

Copying, records and clients are described in `pipeline.common.settings`. Lists are separated by commas, `*`
allows all.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.common.settings import ClientSettings, QueueSettings, RecordSettings, TransferSettings

ANY = "*"
_TEBIBYTE = 1024**4


def listed(text: str) -> tuple[str, ...] | None:
    """Return the items of a list in lower case; `None` where all are allowed."""
    items = tuple(item.strip().lower() for item in text.split(",") if item.strip())
    return None if ANY in items else items


@dataclass(frozen=True, kw_only=True)
class ValidateSettings(RecordSettings, ClientSettings):
    """Validate."""

    max_size_bytes: int = 5 * _TEBIBYTE
    """S3 takes no object above 5 TiB."""
    allowed_suffixes: str = ANY


@dataclass(frozen=True, kw_only=True)
class _TimedSettings(ClientSettings):
    """A function that moves data."""

    deadline_reserve_s: float = 5.0
    """Time that is kept at the end of an invocation to say in good order that it was not enough."""


@dataclass(frozen=True, kw_only=True)
class DownloadSettings(_TimedSettings):
    """Download."""

    allowed_content_types: str = ANY


@dataclass(frozen=True, kw_only=True)
class ProcessSettings(_TimedSettings):
    """Process."""

    processing_bucket: str
    """Holds what has been made of a file until it is delivered. Versioned; a lifecycle rule empties it."""


@dataclass(frozen=True, kw_only=True)
class DeliverySettings(TransferSettings):
    """Upload and Copy."""

    deadline_reserve_s: float = 5.0


@dataclass(frozen=True, kw_only=True)
class NotifySettings(RecordSettings, ClientSettings):
    """Notify."""

    results_topic_arn: str


@dataclass(frozen=True, kw_only=True)
class StarterSettings(QueueSettings, ClientSettings):
    """Starter."""

    state_machine_arn: str
