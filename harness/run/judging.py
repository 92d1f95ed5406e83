"""What a workload lets happen, the same for a run that ends and for one that is settled afterwards."""

from __future__ import annotations

from harness.load.workload import Workload
from harness.measure.verdict import Allowed


def allowed_by(workload: Workload) -> Allowed:
    """Return the limits of the verdict that the workload names."""
    return Allowed(failed=workload.allowed_failed, dlq=workload.allowed_dlq)
