"""What a run found out beyond counts and latencies, as labelled lines that console, Markdown and JUnit share.

Each line is there only when the run has something to say; summaries of earlier versions lack the fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import text
from harness.report.sections import generator


def lines(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return labels and texts."""
    found = {
        "Generator": generator.remark(summary),
        "Knee": knee(summary.get("knee")),
        "Drift": drift(summary.get("drift")),
        "Sampling": sampling(summary.get("sampling")),
    }
    return [(label, told) for label, told in found.items() if told]


def knee(found: Mapping[str, Any] | None) -> str:
    """Say the highest rate that was sustained, and the first that was not."""
    if not found:
        return ""
    sustained, failed = found["sustained_per_s"], found["first_failed_per_s"]
    if sustained is None:
        return f"no rate was sustained{_tried(failed)}"
    if failed is None:
        return f"{text.rate(sustained)} sustained, the highest that was tried: the limit is higher"
    return f"{text.rate(sustained)} sustained, {text.rate(failed)} not"


def _tried(failed: float | None) -> str:
    return "; no step could be judged" if failed is None else f", not even {text.rate(failed)}"


def drift(found: Mapping[str, Any] | None) -> str:
    """Say which figures rose or fell over the run."""
    if not found:
        return ""
    moved = [figure for figure in found["figures"] if figure["verdict"] in ("rising", "falling")]
    unknown = [figure["name"] for figure in found["figures"] if figure["verdict"] == "unknown"]
    steady = len(found["figures"]) - len(moved) - len(unknown)
    said = [f"{figure['name']} {figure['verdict']} by {_slope(figure)}" for figure in moved]
    said += [f"{steady} steady"] if steady else []
    return "; ".join([*said, *([f"unknown: {_listed(unknown)}"] if unknown else [])])


def _slope(figure: Mapping[str, Any]) -> str:
    return f"{text.signed(figure['slope_per_h'])} {figure['unit']} per hour"


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def sampling(cost: Mapping[str, Any] | None) -> str:
    """Say what looking at the pipeline has cost."""
    if not cost:
        return ""
    return (
        f"{cost['looks']:,} looks took {text.cpu_seconds(cost['cpu_s'])} of CPU, "
        f"{cost['machine_share'] * 100:.2f} % of the machine"
    )
