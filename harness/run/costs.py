"""What a run in an account has cost, as a note of its report: by list prices, for what was uploaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.aws import ACCOUNT_MODE
from harness.cost.estimate import Load
from harness.measure.settlement import Settlement
from harness.stack.description import StackDescription
from harness.stack.in_account import approval


def notes(stack: StackDescription, folder: Path, settlement: Settlement, duration_s: float) -> Iterator[str]:
    """Yield the note; nothing for an engine that nobody bills.

    :param folder: of the stack's state
    :param duration_s: of the load
    """
    if stack.engine.mode != ACCOUNT_MODE:
        return
    files, size = settlement.counts["uploaded"], settlement.bytes.uploaded
    load = Load(files, size / files if files else 0.0, duration_s)
    proposal = approval.propose_run(stack, folder, load)
    found = proposal.estimate
    billed = "" if proposal.account.is_aws_itself else f"; {stack.engine.endpoint_url} bills nothing"
    yield (
        f"costs: USD {found.usd_of_run:.2f} by list prices of {found.price_region}: {files:,} files at "
        f"USD {found.usd_per_1000_files:.4f} for each 1,000, and the stack for {found.hours} h at "
        f"USD {found.usd_per_hour:.4f} (an estimate, as before the run{billed})"
    )
