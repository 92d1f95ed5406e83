"""The states of an upload, and which may follow which.

    (no row) ──record──▶ uploaded | queued
    (no row), uploaded, queued, processing ──claim──▶ processing
    processing ──end──▶ transferred | superseded | failed | queued (this attempt failed, others follow)
    processing ──release──▶ queued (claimed, but not tried)
    failed ──requeue──▶ queued
    (no row), any state ──quarantine──▶ failed, for good

`transferred` and `superseded` are final. `failed` leaves only by `requeue`, which is a decision: an operator
redrives the dead-letter queue, or a worker receives a message about a failed upload.

An upload that broke off is put in quarantine wherever it stands, for it never was a whole file: `failed`,
with `quarantined_at`. Nothing leads out of it. `stand_down` and `withdraw` only add to such a row what its
last holder and the quarantine have done.

DynamoDB enforces this: each change carries the states that it may start from as its condition. Three more
conditions keep writers apart that handle one upload at the same time:

* An attempt that failed, or was not made, is written only by the holder of the latest claim (`claimed_by`
  and `attempts`), because another may be at work. A finished copy is a fact: whoever made it may say so.
* A task of a state machine claims only what no other execution holds (`Hold.EXCLUSIVE`). A worker behind a
  queue may take over (`Hold.SHARED`): a message that comes again says that its last holder is gone or late.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

UPLOADED = "uploaded"
QUEUED = "queued"
PROCESSING = "processing"
TRANSFERRED = "transferred"
FAILED = "failed"
SUPERSEDED = "superseded"

STATES = (UPLOADED, QUEUED, PROCESSING, TRANSFERRED, FAILED, SUPERSEDED)
FINAL = frozenset({TRANSFERRED, SUPERSEDED})
ENDINGS = frozenset({TRANSFERRED, SUPERSEDED, FAILED, QUEUED})
"""What an attempt may end with."""


class Transition(Enum):
    """What may happen to a row."""

    RECORD = "record"
    CLAIM = "claim"
    END = "end"
    RELEASE = "release"
    REQUEUE = "requeue"
    QUARANTINE = "quarantine"
    STAND_DOWN = "stand_down"
    WITHDRAW = "withdraw"


class Hold(Enum):
    """Whether a claim may take an upload over that another holds."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"


STARTS: Mapping[Transition, frozenset[str]] = {
    Transition.RECORD: frozenset(),
    Transition.CLAIM: frozenset({UPLOADED, QUEUED, PROCESSING}),
    Transition.END: frozenset({PROCESSING}),
    Transition.RELEASE: frozenset({PROCESSING}),
    Transition.REQUEUE: frozenset({FAILED}),
    Transition.QUARANTINE: frozenset(STATES),
    Transition.STAND_DOWN: frozenset({FAILED}),
    Transition.WITHDRAW: frozenset({FAILED}),
}
"""The states that a transition may start from. `RECORD`, `CLAIM` and `QUARANTINE` may also make the row."""
