"""What a run comes to, in a few plain sentences that every rendering shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import text
from harness.report.ledger import DEFECTS, identities
from harness.report.sections import expected

VERDICT_WORDS = {
    "passed": "Passed",
    "failed": "Failed",
    "conservation_broken": "Conservation broken",
    "inconclusive": "Inconclusive",
    "interrupted": "Interrupted",
    "error": "Error",
}
_MEANING = {
    "conservation_broken": "Files were lost, duplicated or corrupted, or are not accounted for.",
    "failed": "A threshold was breached or had no samples, or more files failed than the scenario allows.",
    "inconclusive": "This run says nothing about the pipeline.",
    "interrupted": "The run was stopped before its end; what follows is what had happened by then.",
    "error": "The run could not be carried through; what follows is what had happened by then.",
}


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """Return what the verdict means, what became of the files, and how the thresholds went."""
    # Where the reasons are told one by one, the general sentence would only stand before them.
    told = summary["verdict"] == "failed" and summary.get("reasons")
    meaning = None if told else _MEANING.get(summary["verdict"])
    said = [meaning, delivery(summary), expected.sentence(summary), loss(summary), thresholds(summary)]
    return [each for each in said if each]


def delivery(summary: Mapping[str, Any]) -> str:
    """Say how many of the uploaded files arrived."""
    files = summary["files"]
    if not files["offered"]:
        return "No file was offered."
    if not files["uploaded"]:
        return f"None of {text.files(files['offered'])} offered could be uploaded."
    if files["delivered"] == files["uploaded"]:
        amount = (
            "The one uploaded file was"
            if files["uploaded"] == 1
            else f"All {files['uploaded']:,} uploaded files were"
        )
        return f"{amount} delivered{_source(summary)}."
    if files["uploaded"] == 1:
        return f"The one uploaded file was not delivered{_source(summary)}."
    return f"{files['delivered']:,} of {files['uploaded']:,} uploaded files were delivered{_source(summary)}."


def loss(summary: Mapping[str, Any]) -> str:
    """Say whether a file was lost, duplicated or corrupted: the sentence that the whole product is for."""
    files = summary["files"]
    if not all(identity.holds for identity in identities(files)):
        return "The counts of this run contradict each other."
    if any(files[name] for name in DEFECTS):
        return f"Files {', '.join(f'{name}: {files[name]:,}' for name in DEFECTS)}."
    if summary.get("conservation_problems"):
        return "The ledger's own counts and the settled files disagree."
    if not files["uploaded"]:
        return "Nothing was uploaded, so nothing could be lost."
    if not summary.get("evidence_complete", True):
        return f"Whether a file was lost, duplicated or corrupted could not be checked{_unknown(files)}."
    if unread := _unchecked(summary):
        return (
            f"No file was lost or duplicated, but {text.files(unread)} could not be read back"
            f" to see whether they are corrupted{_waiting(files)}."
        )
    return f"No file was lost, duplicated or corrupted{_waiting(files)}."


def _unchecked(summary: Mapping[str, Any]) -> int:
    """Count delivered files of whose bytes nothing is known; a sample speaks for what it was drawn from."""
    delivered: int = summary["files"]["delivered"]
    checked = summary.get("verification", {})
    others: int = sum(checked.get(name, 0) for name in ("by_etag", "by_size", "by_sample"))
    return delivered - int(summary.get("verified", delivered)) - others


def thresholds(summary: Mapping[str, Any]) -> str:
    """Say how many thresholds held."""
    verdicts = [threshold["verdict"] for threshold in summary["thresholds"]]
    if not verdicts:
        return "No threshold was set."
    held = f"{verdicts.count('passed')} of {len(verdicts)} thresholds held"
    empty = verdicts.count("no_samples")
    return f"{held}; {empty} had no samples." if empty else f"{held}."


def worst_first(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the results of thresholds in the order in which they are shown: those that held come last."""
    return sorted(found, key=lambda each: bool(each["verdict"] == "passed"))


def _source(summary: Mapping[str, Any]) -> str:
    """Without evidence from the destination there are only the rows that were seen while the stack lived."""
    return "" if summary.get("evidence_complete", True) else ", as far as the table said"


def _unknown(files: Mapping[str, int]) -> str:
    amount = files["in_flight"]
    return f"; what became of {text.files(amount)} is not known" if amount else ""


def _waiting(files: Mapping[str, int]) -> str:
    return f"; {text.files(files['in_flight'])} still under way" if files["in_flight"] else ""
