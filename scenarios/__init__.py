"""Scenarios by name: `million_a_day.py` is `floodgate run million-a-day`.

A scenario is a Locust file of about ten lines. It declares what is offered, and who uploads it:

    from harness.load import SftpUser, Workload

    WORKLOAD = Workload(description="Ten files a second", rate_per_s=10.0, minutes=1.0)

    class Customer(SftpUser):
        pass

All settings of a `Workload` are described in `harness/load/workload.py`. A Locust user that does more than
upload overrides `deliver`, which calls `self.upload(upload)` once for its file, and ends within half a minute
of that. A file outside this folder is run by its path.
"""
