"""Which file is offered when, by whom and how: the workload made concrete, still without doing anything.

The same plan gives the same arrivals, whatever happens during the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, tee

from harness.identity import ledger_id
from harness.load.behaviours.drawing import kinds
from harness.load.behaviours.shaping import Shaper
from harness.load.config import Login
from harness.load.ledger_format import DEFAULT_EXPECTS, DEFAULT_KIND, Expects
from harness.load.profiles.curve import CurvedRate
from harness.load.profiles.model import Steady, Trace
from harness.load.randomness import stream
from harness.load.schedule import RateProfile, SteadyRate, offsets
from harness.load.sizes import sizes
from harness.load.traces.replay import replay
from harness.load.workload import Workload

_Draw = tuple[float, int, tuple[Login, bool], str]
"""Offset in seconds, size in bytes, customer and whether on a session of its own, kind."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file that is going to be offered."""

    sequence: int
    """1 for the first file of the run."""
    ledger_id: str
    offset_s: float
    """Intended time, from the start of the load."""
    customer_id: str
    path: str
    """What the SFTP client opens."""
    key: str
    """The object's key in the source bucket."""
    size_bytes: int
    fresh_session: bool
    kind: str = DEFAULT_KIND
    """`plain`, or the kind of the behaviour of the workload that this file has."""
    expects: Expects = DEFAULT_EXPECTS
    """How it should end."""
    temp_suffix: str = ""
    """Behind path and key while it is written, where it is renamed then."""
    copy_of: int | None = None
    """Sequence of the earlier file whose content it has."""
    ragged: bool = False
    """Its content is a broken table."""

    @property
    def content_sequence(self) -> int:
        """Sequence of the file that this content is made for."""
        return self.sequence if self.copy_of is None else self.copy_of


@dataclass(frozen=True)
class Plan:
    """What fixes every arrival of a run."""

    run_id: str
    seed: int
    workload: Workload
    logins: Sequence[Login]
    source_bucket: str

    @property
    def customers(self) -> Sequence[Login]:
        """The logins that are used: the workload's number, or all where there are fewer."""
        return self.logins[: self.workload.customers]

    def arrivals(self) -> Iterator[Arrival]:
        """Yield the run's files in the order of their intended times."""
        workload, shaper = self.workload, Shaper(self.workload.behaviours)
        profile = workload.profile
        draws = self._replayed(profile) if isinstance(profile, Trace) else self._drawn(self._times())
        for sequence, (offset_s, size_bytes, (login, fresh), kind) in enumerate(draws, start=1):
            past_the_end = workload.duration_s is not None and offset_s >= workload.duration_s
            enough = workload.files is not None and sequence > workload.files
            if past_the_end or enough:
                return
            yield shaper.shaped(self._arrival(sequence, offset_s, size_bytes, login, fresh, kind))

    def _drawn(self, times: Iterator[float]) -> Iterator[_Draw]:
        """Give each time what the seed draws for it; ends with the times."""
        workload = self.workload
        return zip(
            times,
            sizes(workload.sizes, self.seed),
            self._parties(),
            kinds(workload.behaviours, self.seed),
            strict=False,
        )

    def _times(self) -> Iterator[float]:
        workload = self.workload
        return offsets(workload.arrivals, self._rate(), self.seed)

    def _rate(self) -> RateProfile:
        workload = self.workload
        if isinstance(workload.profile, Steady) and workload.rate_per_s is not None:
            return SteadyRate(workload.rate_per_s)
        return CurvedRate(workload.segments)

    def _replayed(self, trace: Trace) -> Iterator[_Draw]:
        """Take from the trace what it says; the rest is drawn."""
        recorded, rows = tee(replay(trace))
        draws = self._drawn(row.offset_s for row in rows)
        for row, (offset_s, size_bytes, (login, fresh), kind) in zip(recorded, draws, strict=False):
            if row.size_bytes is not None:
                size_bytes = row.size_bytes
            if row.customer is not None:
                login = self.customers[row.customer % len(self.customers)]
            yield offset_s, size_bytes, (login, fresh), kind

    def _arrival(
        self, sequence: int, offset_s: float, size_bytes: int, login: Login, fresh: bool, kind: str
    ) -> Arrival:
        file = ledger_id(self.run_id, sequence)
        path = f"{login.home.rstrip('/')}/incoming/{file}.csv"
        return Arrival(
            sequence=sequence,
            ledger_id=file,
            offset_s=offset_s,
            customer_id=login.name,
            path=path,
            key=object_key(login, path, self.source_bucket),
            size_bytes=size_bytes,
            fresh_session=fresh,
            kind=kind,
        )

    def _parties(self) -> Iterator[tuple[Login, bool]]:
        """Who sends each file, and whether on a session of its own."""
        rng = stream(self.seed, "customers")
        customers, in_turn = self.customers, self.workload.customer_order == "in_turn"
        for number in count():
            # Drawn also when it is not used: the order of customers leaves the fresh sessions where they are.
            drawn = int(rng.random() * len(customers))
            login = customers[number % len(customers) if in_turn else drawn]
            yield login, rng.random() < self.workload.fresh_session_share


def object_key(login: Login, path: str, source_bucket: str) -> str:
    """Return the S3 key behind a path that the client sees.

    A LOGICAL home hides the bucket: `/` is the customer's folder. With a PATH home, paths begin with the
    bucket's name: https://docs.aws.amazon.com/transfer/latest/userguide/users.html
    """
    bucket_prefix = f"/{source_bucket}/"
    if f"{login.home}/".startswith(bucket_prefix):
        return path.removeprefix(bucket_prefix)
    return f"{login.name}/{path.lstrip('/')}"
