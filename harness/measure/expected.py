"""Did each file end as it should? The ledger tells how (`expects`); here it is compared.

A poison file that the pipeline refuses is no failure of the run, and one that it delivers is. Of several
uploads of one key, any but the last may be superseded, because S3 holds another version by then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harness.load.ledger_format import DEFAULT_EXPECTS, DEFAULT_KIND
from harness.measure.joining import Joined, Upload
from harness.measure.records import FileRecord, Outcome

_MET: dict[str, frozenset[Outcome]] = {
    "delivered": frozenset({Outcome.DELIVERED}),
    "failed": frozenset({Outcome.FAILED, Outcome.DLQ}),
    "aborted": frozenset({Outcome.ABORTED}),
    "upload_failed": frozenset({Outcome.UPLOAD_FAILED}),
    "superseded": frozenset({Outcome.SUPERSEDED}),
    "any": frozenset(set(Outcome) - {Outcome.LOST, Outcome.IN_FLIGHT, Outcome.NOT_STARTED}),
}
"""What counts as the expected end."""
_Group = tuple[str, str]
"""Kind, and what it expects."""
_USUAL: _Group = (DEFAULT_KIND, DEFAULT_EXPECTS)
CAUSES = 5
"""So many causes are told of each kind, the most frequent ones."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Files of one kind; an item of `kinds` of `summary.json`."""

    kind: str
    expects: str
    offered: int
    as_expected: int
    outcomes: dict[str, int]
    causes: dict[str, int]
    """Of those that were not delivered."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What came of the expectations of a whole run."""

    as_expected: int = 0
    unexpected: int = 0
    met_by: Mapping[str, int] = field(default_factory=dict)
    """Outcomes other than `delivered` to the number of files that were to end so."""
    kinds: list[Kind] = field(default_factory=list)
    """Empty when all files were plain and expected to be delivered."""
    broken: list[str] = field(default_factory=list)
    """What ended well and should not have, in sentences."""


def is_met(record: FileRecord) -> bool:
    """Tell whether the file ended as it should, and no promise was broken on the way."""
    if record.corrupted or record.destination_versions > 1:
        return False
    return record.outcome in _MET[record.expects] or record.replaced


def mark_replaced(joined: Joined, records: Iterable[FileRecord]) -> None:
    """Note which superseded files had a successor: an upload of their key that ended after they began."""
    for upload, record in zip(joined.uploads, records, strict=True):
        if record.outcome is Outcome.SUPERSEDED:
            others = joined.by_key.get(record.key, ())
            record.replaced = any(_succeeds(other, upload) for other in others if other is not upload)


def _succeeds(other: Upload, upload: Upload) -> bool:
    began_at, ended_at = upload.entry.started_at, other.entry.ended_at
    return other.uploaded and began_at is not None and ended_at is not None and ended_at >= began_at


class _Tally:
    """Counts of one kind."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.met: Counter[Outcome] = Counter()
        self.causes: Counter[str] = Counter()

    def add(self, record: FileRecord) -> None:
        self.outcomes[record.outcome] += 1
        if is_met(record):
            self.met[record.outcome] += 1
        if record.cause and record.outcome is not Outcome.DELIVERED:
            self.causes[record.cause] += 1


def judge(records: Iterable[FileRecord]) -> Expected:
    """Compare all files with what was expected of them."""
    tallies: defaultdict[_Group, _Tally] = defaultdict(_Tally)
    good = Outcome.DELIVERED
    plain, as_usual = DEFAULT_KIND, 0
    for record in records:
        usual = record.outcome is good and record.kind == plain and record.expects == DEFAULT_EXPECTS
        # Almost every file takes this way; a million of them must not take long.
        if usual and record.destination_versions <= 1 and not record.corrupted:
            as_usual += 1
        else:
            tallies[record.kind, record.expects].add(record)
    if as_usual:
        tallies[_USUAL].outcomes[good] += as_usual
        tallies[_USUAL].met[good] += as_usual
    return _summed(tallies)


def _summed(tallies: Mapping[_Group, _Tally]) -> Expected:
    met_by: Counter[str] = Counter()
    for tally in tallies.values():
        met_by.update({str(outcome): count for outcome, count in tally.met.items()})
    as_expected = met_by.total()
    met_by.pop(str(Outcome.DELIVERED), None)
    return Expected(
        as_expected=as_expected,
        unexpected=sum(tally.outcomes.total() for tally in tallies.values()) - as_expected,
        met_by=dict(met_by),
        kinds=[] if set(tallies) <= {_USUAL} else [_kind(group, tallies[group]) for group in sorted(tallies)],
        broken=[text for group in sorted(tallies) for text in _broken(group, tallies[group])],
    )


def _kind(group: _Group, tally: _Tally) -> Kind:
    return Kind(
        kind=group[0],
        expects=group[1],
        offered=tally.outcomes.total(),
        as_expected=tally.met.total(),
        outcomes={str(outcome): count for outcome, count in sorted(tally.outcomes.items())},
        causes=dict(tally.causes.most_common(CAUSES)),
    )


def _broken(group: _Group, tally: _Tally) -> Iterator[str]:
    kind, expects = group
    for outcome in () if group == _USUAL else (Outcome.DELIVERED, Outcome.SUPERSEDED):
        wrong = tally.outcomes[outcome] - tally.met[outcome]
        if wrong and outcome not in _MET[expects]:
            yield f"{wrong} {kind} files ended as {outcome}, but {expects} was expected"
