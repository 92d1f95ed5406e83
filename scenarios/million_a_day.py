"""A million files a day: the load that the pipeline must take all day long."""

from harness.load import SMALL_CSV, SftpUser, Workload

WORKLOAD = Workload(
    description="A million small CSV files a day: 11.6 files/s, Poisson arrivals, 20 customers",
    rate_per_s=11.6,
    arrivals="poisson",
    sizes=SMALL_CSV,
    customers=20,
    fresh_session_share=0.1,
    minutes=2.0,
    thresholds=("end_to_end.p99 < 5s", "lag.p99 < 100ms"),
)


class Customer(SftpUser):
    """Nine uploads of ten on sessions that stay open; the tenth connects, uploads and leaves."""
