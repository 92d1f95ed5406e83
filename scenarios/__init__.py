"""Scenarios by name: `million_a_day.py` is `floodgate run million-a-day`, and `burst.yaml` is `burst`.

A scenario is a workload in YAML or a Locust file, of about ten lines. A Locust file declares what is
offered, and who uploads it:

    from harness.load import SftpUser, Workload

    WORKLOAD = Workload(description="Ten files a second", rate_per_s=10.0, minutes=1.0)

    class Customer(SftpUser):
        pass

All settings of a `Workload` are described in `harness/load/workload.py` and, for editors, in
`harness/load/workload.schema.json`; `floodgate scenarios NAME` prints a scenario as YAML. A Locust user that
does more than upload overrides `deliver`, which calls `self.upload(upload)` once for its file, and ends
within half a minute of that. A file outside this folder is run by its path.
"""
