"""Twenty files in a few seconds: does everything work at all?"""

from harness.load import SftpUser, Workload

WORKLOAD = Workload(
    description="Twenty small files from four customers, to see that everything works",
    rate_per_s=10.0,
    customers=4,
    fresh_session_share=0.25,
    files=20,
    thresholds=("end_to_end.p99 < 30s",),
)


class Customer(SftpUser):
    """Uploads what the schedule offers."""
