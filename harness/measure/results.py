"""What measuring hands to reports and verdicts. Field names are those of `summary.json` where it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Latency:
    """One stage in milliseconds. Without samples every field but `count` is `None`."""

    count: int
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Mean rates; `None` when fewer than two files give no period to divide by."""

    offered_per_s: float | None
    delivered_per_s: float | None
    window_s: float | None = None
    """The period that `delivered_per_s` is the mean of."""
    backlog_slope_per_s: float | None = None
    """How fast the backlog grew while files were offered, in files per second (least squares)."""

    @property
    def files_per_day(self) -> int | None:
        return None if self.delivered_per_s is None else round(self.delivered_per_s * 86_400)


@dataclass(frozen=True, slots=True)
class Bytes:
    """Sizes summed over files, as the sender counted them, whatever a transform made of them."""

    uploaded: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What delivered files were checked by, each by the strongest; see `harness.measure.read_back`."""

    verified: int = 0
    """Read back and hashed."""
    by_etag: int = 0
    """Not read: size and ETag are those of what the SFTP server stored."""
    by_size: int = 0
    """Not read: the size is that of what was sent, and ETags cannot be compared."""
    by_sample: int = 0
    """Not read, and S3's own figures tell nothing: the files that were read speak for them."""
    unchecked: int = 0
    """Nothing could be said of their bytes."""

    @property
    def delivered(self) -> int:
        return self.verified + self.by_etag + self.by_size + self.by_sample + self.unchecked

    @property
    def share(self) -> float | None:
        """The share of the delivered files that was read back; `None` where none was delivered."""
        return self.verified / self.delivered if self.delivered else None

    @property
    def method(self) -> str:
        """`all` files were to be read back, or a `sample`; `none` were."""
        if not self.verified:
            return "none"
        return "sample" if self.by_etag + self.by_size + self.by_sample else "all"


@dataclass(frozen=True, slots=True)
class Attempts:
    """How much work was done again."""

    retried: int = 0
    """Files that took more than one attempt (since their last redrive)."""
    most: int = 0
    """Attempts of the file that took most."""
    redriven: int = 0
    """Files that were brought back after they had failed for good."""


@dataclass(frozen=True, slots=True)
class FailureExample:
    """One file of a failure group."""

    ledger_id: str
    key: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Files that ended badly in one stage for one cause."""

    stage: str
    cause: str
    count: int
    examples: Sequence[FailureExample] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts per interval from `start_at` (epoch seconds) on; `backlog` is what was under way at its end."""

    start_at: float = 0.0
    interval_s: float = 1.0
    offered: list[int] = field(default_factory=list)
    uploaded: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
