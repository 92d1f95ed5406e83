"""What a comparison comes to, in words that terminal and page share."""

from __future__ import annotations

from harness.compare.changes import SHORTEST_S, Change, Finding
from harness.compare.comparison import Comparison
from harness.compare.statistics.resampling import CONFIDENCE
from harness.report import text

TIMES = "\u00d7"
FINDING_WORDS = {
    Finding.WORSE: "worse",
    Finding.BETTER: "better",
    Finding.SAME: "no change",
    Finding.UNSURE: "cannot tell",
    Finding.NOT_MEASURED: "too few files",
}


def headline(comparison: Comparison) -> str:
    """Return the verdict in two or three words."""
    if comparison.regressions:
        return "Regression"
    return "Cannot tell" if unsure(comparison) else "No regression"


def sentences(comparison: Comparison) -> list[str]:
    """Return what was found, what could not be, and what that rests on."""
    said = []
    if found := comparison.regressions:
        said.append(f"Worse by more than {allowed(comparison)}: {', '.join(found)}.")
    else:
        said.append(f"Nothing that is judged got worse by more than {allowed(comparison)} for certain.")
    better = [
        each.figure.name
        for each in comparison.changes
        if each.figure.judged and each.finding is Finding.BETTER
    ]
    if better:
        said.append(f"Better: {', '.join(better)}.")
    if names := unsure(comparison):
        said.append(f"Noise is too large to tell about {', '.join(names)}: run longer, or add repeats.")
    return said


def unsure(comparison: Comparison) -> list[str]:
    """Return the names of the judged figures about which nothing can be said."""
    return [
        each.figure.name
        for each in comparison.changes
        if each.figure.judged and each.finding is Finding.UNSURE
    ]


def absent_ends(comparison: Comparison) -> str:
    """Return the bad ends that no file of either side had, e.g. `lost, duplicated, corrupted`."""
    none = [each.name.replace("_", " ") for each in comparison.outcomes if not each.base and not each.new]
    return ", ".join(none)


def allowed(comparison: Comparison) -> str:
    return f"{comparison.tolerance * 100:g} %"


def method(comparison: Comparison) -> str:
    """Say how noise was told from change."""
    confidence = f"{CONFIDENCE * 100:g} %"
    if not comparison.has_noise:
        return (
            "Only summaries were given, without files.parquet: noise cannot be told from change, and the"
            " tolerance alone decides."
        )
    if len(comparison.base) == len(comparison.new) == 1:
        return (
            f"One run on each side. The intervals ({confidence}) come from resampling blocks of time within"
            " the runs; by how much two runs differ by themselves is not in them, so the tolerance has to"
            f" cover it, and runs shorter than {SHORTEST_S:g} s tell nothing. More runs (--base, --new) put"
            " it into the intervals."
        )
    return (
        f"{len(comparison.base)} and {len(comparison.new)} runs. The intervals ({confidence}) come from the"
        " differences between the runs of a side (Welch), and are never narrower than what resampling"
        " blocks of time within the runs gives."
    )


def values(change: Change) -> tuple[str, str]:
    """Return both values with their unit."""
    return _value(change.base, change.figure.unit), _value(change.new, change.figure.unit)


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return text.NO_VALUE
    return text.milliseconds(value) if unit == "ms" else text.quantity(value, unit)


def change_text(change: Change) -> str:
    """Return by how much it changed, such as `+12 %`."""
    return text.NO_VALUE if change.factor is None else factor_text(change.factor)


def interval_text(change: Change) -> str:
    """Return e.g. `-3 % to +28 %`."""
    if change.low is None or change.high is None:
        return text.NO_VALUE
    return f"{factor_text(change.low)} to {factor_text(change.high)}"


def factor_text(factor: float) -> str:
    """Return a factor below three as a percentage, and a larger one as it is."""
    return f"{TIMES}{factor:.1f}" if factor >= 3 else f"{(factor - 1) * 100:+.0f} %"
