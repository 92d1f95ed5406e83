"""What clients did with the files on purpose, and whether the files ended as they should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report.ledger import LABELS

_KINDS = {
    "plain": "plain uploads",
    "temp_rename": "temporary name, then rename",
    "slow": "slow writers",
    "aborted": "cut off by the client",
    "poison": "bad files",
    "duplicate": "keys sent again",
}
_ENDS = {
    "delivered": frozenset({"delivered"}),
    "failed": frozenset({"failed", "dlq"}),
    "aborted": frozenset({"aborted"}),
    "upload_failed": frozenset({"upload_failed"}),
    "superseded": frozenset({"superseded"}),
}
_WORDS = {"failed": "refused by the pipeline", "any": "any end"}


@dataclass(frozen=True)
class KindRow:
    """Files of one kind that expect one end."""

    kind: str
    expects: str
    offered: int
    as_expected: int
    ended: str
    """How they ended, with counts."""
    causes: str


def rows(summary: Mapping[str, Any]) -> list[KindRow]:
    """Return a row for each kind; none when all files were plain and to be delivered."""
    return [
        KindRow(
            kind=_KINDS.get(found["kind"], found["kind"].replace("_", " ")),
            expects=_WORDS.get(found["expects"], found["expects"].replace("_", " ")),
            offered=found["offered"],
            as_expected=found["as_expected"],
            ended=_counts({LABELS.get(name, name): count for name, count in found["outcomes"].items()}),
            causes=_counts(found["causes"]),
        )
        for found in sorted(summary.get("kinds") or [], key=lambda found: bool(found["kind"] != "plain"))
    ]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def forgiven(summary: Mapping[str, Any]) -> dict[str, int]:
    """Return how many files of each outcome were to end so: bad ends that are no fault."""
    found: Counter[str] = Counter()
    for kind in summary.get("kinds") or []:
        ends = _ENDS.get(kind["expects"], frozenset(kind["outcomes"]))
        found.update({name: count for name, count in kind["outcomes"].items() if name in ends})
    return dict(found)


def sentence(summary: Mapping[str, Any]) -> str:
    """Say whether all files ended as they should; nothing when all were plain."""
    files = summary["files"]
    if not summary.get("kinds") or "unexpected" not in files:
        return ""
    if unexpected := files["unexpected"]:
        return f"{unexpected:,} of {files['offered']:,} offered files did not end as they should."
    return f"All {files['offered']:,} offered files ended as they should."
