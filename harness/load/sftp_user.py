"""The Locust user of every scenario: takes what the schedule offers and uploads it.

A Locust user here is not a customer but one pair of hands: it takes the next file, whoever it belongs to.
That keeps the load an open model. To be imported in the load process only, since it imports Locust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from locust import User, task
from locust.exception import StopUser

if TYPE_CHECKING:
    from harness.load.run import LoadRun
    from harness.load.upload import Result, Upload


class SftpUser(User):  # type: ignore[misc]  # Locust has no types
    """Derive from it in a scenario; override `deliver` to do more than upload."""

    abstract: ClassVar[bool] = True
    load: ClassVar[LoadRun]
    """Set by the load process before the first user is made."""

    @task  # type: ignore[untyped-decorator]
    def take_one(self) -> None:
        """Take the next file on offer and see it through."""
        upload = self.load.take()
        if upload is None:
            raise StopUser
        with self.load.accounted(upload):
            self.deliver(upload)

    def deliver(self, upload: Upload) -> None:
        """Do what a customer does with one file."""
        self.upload(upload)

    def upload(self, upload: Upload) -> Result:
        """Upload the file, once; blocks this user only. A failure is recorded, not raised."""
        return self.load.upload(upload)
