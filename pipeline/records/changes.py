"""One transition as a change of one row: what is set, counted and removed, and under which condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.common.events import Delivery, Upload
from pipeline.records import rows, states
from pipeline.records.rows import Columns
from pipeline.records.states import Hold, Transition

PARTIAL_UPLOAD = "PartialUpload"
"""`error_type` of an upload that broke off."""
_MAX_MESSAGE_CHARACTERS = 1000


@dataclass(frozen=True)
class Change:
    """A conditional update of one row."""

    file_id: str
    transition: Transition
    sets: Columns
    counts: Mapping[str, int] = field(default_factory=dict)
    """Numbers that are added to columns."""
    removes: Sequence[str] = ()
    held_by: str | None = None
    """Only while `claimed_by` says this."""
    attempt: int | None = None
    """Only while `attempts` says this."""
    makes_row: Columns | None = None
    """Columns beside `sets` and `counts` with which the change also makes a row that is not there."""
    defaults: Columns = field(default_factory=dict)
    """Columns that are set only where the row has them not."""
    without: str | None = None
    """Only while the row does not have this column."""
    hold: Hold = Hold.SHARED
    """`EXCLUSIVE` leaves a row alone that is `processing` for anyone but the new `claimed_by`."""

    @property
    def starts(self) -> tuple[str, ...]:
        """The states that the row may be in, in a stable order."""
        return tuple(sorted(states.STARTS[self.transition]))

    def new_row(self) -> Columns:
        """Return the whole row that this change makes where there is none."""
        counted = rows.columns(dict(self.counts))
        return {"file_id": {"S": self.file_id}, **(self.makes_row or {}), **self.sets, **counted}


@dataclass(frozen=True)
class Claim:
    """The wish to handle an upload."""

    upload: Upload
    claimed_by: str
    """Who asks: Lambda request id, ECS task id, ARN of an execution."""
    at: str
    delivery: Delivery | None = None
    """The message of a work queue; `None` in a state machine."""
    hold: Hold = Hold.SHARED

    @property
    def file_id(self) -> str:
        return self.upload.file_id


@dataclass(frozen=True)
class Ending:
    """How one attempt ended."""

    file_id: str
    status: str
    """`transferred`, `superseded`, `failed`, or `queued` when the attempt failed and others follow."""
    claimed_by: str
    at: str
    attempt: int | None = None
    """The attempt's number from the claim; `None` where a later claim of the same holder may end it."""
    transfer_timestamp: str | None = None
    destination_version_id: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    may_have_error: bool = True
    """Whether the row may show an error of an earlier attempt, which a success removes."""
    further: Mapping[str, str | int] = field(default_factory=dict)
    """Other columns, e.g. `sha256` or `row_count`."""


def record(
    upload: Upload, *, status: str, queued_at: str | None, at: str, destination_bucket: str
) -> Columns:
    """Return the row that a recorder inserts."""
    timed = {"status": status, "queued_at": queued_at, "updated_at": at, "attempts": 0}
    return {
        "file_id": {"S": upload.file_id},
        **rows.of_upload(upload, destination_bucket),
        **rows.columns(timed),
    }


def claim(wish: Claim, destination_bucket: str) -> Change:
    """Return the change that takes an upload for one more attempt."""
    taken = {
        "status": states.PROCESSING,
        "claimed_by": wish.claimed_by,
        "processing_at": wish.at,
        "handler_started_at": wish.at,
        "updated_at": wish.at,
    }
    delivered = rows.of_delivery(wish.delivery) if wish.delivery else {}
    return Change(
        file_id=wish.file_id,
        transition=Transition.CLAIM,
        sets={**rows.columns(taken), **delivered},
        counts={"attempts": 1},
        makes_row=rows.of_upload(wish.upload, destination_bucket),
        hold=wish.hold,
    )


def end(ending: Ending, expires_at: int | None) -> Change:
    """Return the change that ends an attempt. Raises `ValueError` for a status that ends none.

    :param expires_at: when the row may be deleted, in seconds since the epoch
    """
    if ending.status not in states.ENDINGS:
        raise ValueError(f"'{ending.status}' ends no attempt")
    ended = {
        "status": ending.status,
        "handler_ended_at": ending.at,
        "updated_at": ending.at,
        "transfer_timestamp": ending.transfer_timestamp,
        "destination_version_id": ending.destination_version_id,
        "error_type": ending.error_type,
        "error_message": ending.error_message and ending.error_message[:_MAX_MESSAGE_CHARACTERS],
        "failed_at": ending.at if ending.status == states.FAILED else None,
        "expires_at": expires_at if ending.status != states.QUEUED else None,
        **ending.further,
    }
    is_fact = ending.status in states.FINAL
    clears = ending.may_have_error and ending.status == states.TRANSFERRED
    return Change(
        file_id=ending.file_id,
        transition=Transition.END,
        sets=rows.columns(ended),
        removes=("error_type", "error_message") if clears else (),
        held_by=None if is_fact else ending.claimed_by,
        attempt=None if is_fact else ending.attempt,
    )


def release(file_id: str, *, claimed_by: str, attempt: int, at: str) -> Change:
    """Return the change that gives back what was claimed but not tried: the attempt does not count."""
    return Change(
        file_id=file_id,
        transition=Transition.RELEASE,
        sets=rows.columns({"status": states.QUEUED, "updated_at": at}),
        counts={"attempts": -1},
        held_by=claimed_by,
        attempt=attempt,
    )


def requeue(file_id: str, at: str) -> Change:
    """Return the change that gives a failed upload all its attempts again."""
    return Change(
        file_id=file_id,
        transition=Transition.REQUEUE,
        sets=rows.columns({"status": states.QUEUED, "updated_at": at, "attempts": 0}),
        counts={"redrives": 1},
        removes=("expires_at", "failed_at"),
        without=rows.QUARANTINED_AT,
    )


@dataclass(frozen=True)
class Breakage:
    """How an upload broke off."""

    upload: Upload
    """As the source bucket tells it, which knows no sequencer."""
    transfer: str
    """Which transfer it was: two that left the same bytes under one key are told apart by it."""
    message: str


def quarantine(broken: Breakage, destination_bucket: str, *, at: str, expires_at: int | None) -> Change:
    """Return the change that makes an upload `failed` for good, wherever it stands; it may make the row."""
    marked = {
        "status": states.FAILED,
        "error_type": PARTIAL_UPLOAD,
        "error_message": broken.message[:_MAX_MESSAGE_CHARACTERS],
        rows.QUARANTINED_AT: at,
        "partial_transfer": broken.transfer,
        "failed_at": at,
        "updated_at": at,
        "expires_at": expires_at,
    }
    return Change(
        file_id=broken.upload.file_id,
        transition=Transition.QUARANTINE,
        sets=rows.columns(marked),
        makes_row={},
        defaults=rows.of_upload(broken.upload, destination_bucket) | rows.columns({"attempts": 0}),
        without=rows.QUARANTINED_AT,
    )


def stand_down(file_id: str, *, claimed_by: str, at: str) -> Change:
    """Return the change by which the holder of a partial upload says that it has nothing of it any more."""
    return Change(
        file_id=file_id,
        transition=Transition.STAND_DOWN,
        sets=rows.columns({"handler_ended_at": at, "updated_at": at}),
        held_by=claimed_by,
    )


def withdraw(file_id: str, *, at: str, kept: Mapping[str, str]) -> Change:
    """Return the change that says that no copy of a partial upload is at the destination any more.

    :param kept: columns that tell where the copy is now, if there was one
    """
    return Change(
        file_id=file_id,
        transition=Transition.WITHDRAW,
        sets=rows.columns({"withdrawn_at": at, "updated_at": at, **kept}),
        removes=("destination_version_id", "transfer_timestamp", "sha256"),
    )
