"""What a workload can ask for beside plain uploads: `behaviours=(Slow(share=0.1), …)`.

Each behaviour is given to its share of the files, drawn by the seed; the rest is plain. In a workload file
it is an item with its `kind`:

    behaviours:
      - {kind: slow, share: 0.1, takes_s: 5}
      - {kind: poison, share: 0.02, ways: [control_name, ragged_csv]}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.load.ledger_format import Expects
from harness.load.sizes import PositiveFloat

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)]
PoisonWay = Literal["control_name", "long_name", "blank_name", "marked_name", "ragged_csv"]


class _Behaviour(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    share: Share
    """Part of the files that are treated so."""

    @property
    def expects(self) -> Expects:
        """How a file of this kind should end."""
        return "delivered"

    @property
    def longer_s(self) -> float:
        """How much longer than a plain upload it may take."""
        return 0.0


class TempRename(_Behaviour):
    """Uploads under another name, and renames it when all is there, as WinSCP and many scripts do."""

    kind: Literal["temp_rename"] = "temp_rename"
    suffix: Annotated[str, Field(pattern=r"^[^/\x00]{1,32}$")] = ".filepart"
    """Behind the name while it is written. The pipeline leaves alone what its `UnfinishedSuffixes` name."""


class Slow(_Behaviour):
    """Writes a piece, waits, writes the next: a thin line, or a program that makes the file as it goes."""

    kind: Literal["slow"] = "slow"
    takes_s: PositiveFloat = 5.0
    """From the first byte to the last, at least. It comes on top of the workload's `upload_timeout_s`."""
    pieces: Annotated[int, Field(ge=2, le=10_000, strict=True)] = 10

    @property
    def longer_s(self) -> float:
        return self.takes_s


class Aborted(_Behaviour):
    """The client dies in mid-upload: it has sent a part and closes neither file nor session."""

    kind: Literal["aborted"] = "aborted"
    sent_share: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, strict=True)] = 0.5
    """How much of the file has gone out by then."""

    @property
    def expects(self) -> Expects:
        return "aborted"


class Poison(_Behaviour):
    """A whole upload that the pipeline must refuse; see `poison` for what refuses what.

    With several ways, the files take turns.
    """

    kind: Literal["poison"] = "poison"
    ways: Annotated[tuple[PoisonWay, ...], Field(min_length=1)] = ("control_name", "long_name", "blank_name")

    @property
    def expects(self) -> Expects:
        return "failed"


class Duplicate(_Behaviour):
    """Sends an earlier file's key again.

    Every upload is a file of its own. Each may be delivered; one that a later upload of its key has replaced
    before it was copied may be superseded instead.
    """

    kind: Literal["duplicate"] = "duplicate"
    content: Literal["same", "other"] = "same"
    """Whether the bytes are those of the earlier file, too."""
    after_s: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = 1.0
    """How much later than the first one at least, by the schedule."""


Behaviour = Annotated[TempRename | Slow | Aborted | Poison | Duplicate, Field(discriminator="kind")]
"""Type of the items of `Workload.behaviours`."""


def check(behaviours: tuple[Behaviour, ...]) -> tuple[Behaviour, ...]:
    """For the workload's own check; returns them.

    :raises ValueError: a kind stands there twice, or the shares exceed 1
    """
    kinds = [behaviour.kind for behaviour in behaviours]
    if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        raise ValueError(f"{', '.join(twice)} is given more than once")
    total = sum(behaviour.share for behaviour in behaviours)
    # A few hundredths of a millionth: 0.7 + 0.2 + 0.1 is more than 1 in binary.
    if total > 1 + 1e-9:
        raise ValueError(f"the shares add up to {total:g}, more than 1")
    return behaviours


def by_kind(behaviours: Sequence[Behaviour]) -> dict[str, Behaviour]:
    """Return them by the word that arrivals and the ledger use."""
    return {behaviour.kind: behaviour for behaviour in behaviours}
