"""One run of the generator: Locust, the schedule, the SFTP clients and the ledger, put together.

Runs in the load process, where gevent has patched everything. A run ends when the schedule does, on a signal,
when the parent process is gone, or when the ledger cannot be written any more; in every case running uploads
are seen to first, and the ledger gets its last words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import gevent
from gevent.event import Event as Flag

from harness.exceptions import DiskFullError
from harness.load.bookkeeping import Books
from harness.load.bridge import Bridge
from harness.load.catalogue import Scenario
from harness.load.config import LoadConfig
from harness.load.content import content_source
from harness.load.crew import Crew
from harness.load.ledger_format import EndReason
from harness.load.ledger_writer import FLUSH_INTERVAL_S, Ledger
from harness.load.offering import Offering
from harness.load.plan import Plan
from harness.load.sessions import SessionLimits, SftpClients
from harness.load.sftp_user import SftpUser
from harness.load.upload import NotUploadedError, Result, Upload, failure
from harness.load.workload import Workload

_CUT_OFF_S = 5.0
"""How long cut-off uploads may take to come back."""
_OWN_WORK_S = 30.0
"""What `deliver` may spend beside the upload before the run ends without it."""


class UploadedTwiceError(Exception):
    """The scenario's own code uploaded a file a second time."""


class ScenarioExitError(Exception):
    """The scenario's own code asked for the end of the process."""


class LoadRun:
    """One run; made once per process.

    :param ledger: open and empty; closed by `execute`
    :param crew: brings the Locust users that upload
    :raises UsageError: a private key cannot be read
    """

    def __init__(
        self, config: LoadConfig, scenario: Scenario, workload: Workload, ledger: Ledger, crew: Crew
    ) -> None:
        self._config, self._scenario, self._workload, self._ledger = config, scenario, workload, ledger
        self._crew = crew
        self._plan = Plan(config.run_id, config.seed, workload, config.users, config.source_bucket)
        self._books = Books(ledger)
        self._opened, self._stopping, self._hurry = Flag(), Flag(), Flag()
        self._reason: EndReason = "complete"
        self._ledger_error: DiskFullError | OSError | None = None
        limits = SessionLimits(
            connect_timeout_s=workload.connect_timeout_s,
            upload_timeout_s=workload.upload_timeout_s,
            # Bounds are the run's; each process keeps to its part of them.
            sessions_per_customer=-(-workload.sessions_per_customer // config.shards),
            open_sessions=-(-workload.max_open_sessions // config.shards),
        )
        self._clients = SftpClients(
            config.sftp, self._plan.customers, limits, self._books.started, workload.behaviours
        )
        self._bridge = Bridge()
        SftpUser.load = self

    def execute(self) -> None:
        """Run to the end.

        :raises DiskFullError, OSError: the ledger could not be written; after everything has been stopped in
            good order
        """
        keeper = gevent.spawn(self._keep_ledger)
        starts_at = self._crew.muster(self._workload.max_concurrent_uploads, self._stopping)
        self._books.header(self._config, self._plan, self._scenario.name, starts_at)
        self.offering = Offering(
            islice(self._plan.arrivals(), self._config.shard, None, self._config.shards),
            content_source(self._config.seed, self._workload.content),
            self._books,
            starts_at=starts_at,
            start_within_s=self._workload.start_within_s,
        )
        self._opened.set()
        watcher = gevent.spawn(self.offering.watch_deadlines)
        self._offer_everything()
        self._wait_for_users()
        gevent.killall([keeper, watcher])
        self._close()

    def stop(self, reason: EndReason) -> None:
        """Offer nothing more; asked a second time, do not wait for running uploads either."""
        if self._stopping.is_set():
            self._hurry.set()
        else:
            self._reason = reason
            self._stopping.set()

    def take(self) -> Upload | None:
        """Wait for the next file on offer; `None` once there will be no more."""
        self._opened.wait()
        return self.offering.take()

    def upload(self, upload: Upload) -> Result:
        """Upload one file for a Locust user, write down what came of it, and tell Locust.

        :raises UploadedTwiceError: the file has its result already, and the ledger holds one for each file
        """
        if upload.result is not None:
            raise UploadedTwiceError(f"{upload.arrival.ledger_id} has been uploaded already")
        result = self._bridge.run(self._clients.upload, upload)
        self._settle(upload, result)
        return result

    @contextmanager
    def accounted(self, upload: Upload) -> Iterator[None]:
        """See to it that the file gets a final line, whatever the scenario's own code does with it."""
        try:
            yield
        except BaseException as exc:
            if upload.result is None:
                self._settle(upload, failure(upload.phase, exc))
            if isinstance(exc, SystemExit):  # gevent would end the whole process, with all other uploads
                raise ScenarioExitError(f"the scenario's code asked to exit ({exc.code})") from exc
            raise
        if upload.result is None:
            self._settle(
                upload, failure(upload.phase, NotUploadedError("the scenario did not upload this file"))
            )

    def _settle(self, upload: Upload, result: Result) -> None:
        upload.result = result
        self._books.ended(upload, result)
        as_meant = result.cause is None or upload.arrival.expects == result.event
        self._crew.environment.events.request.fire(
            request_type="SFTP",
            name="upload",
            response_time=(result.at - upload.intended_at) * 1000,
            response_length=upload.arrival.size_bytes,
            exception=None if as_meant else f"{result.cause} ({result.phase})",
            context={"ledger_id": upload.arrival.ledger_id, "customer_id": upload.arrival.customer_id},
        )

    def _offer_everything(self) -> None:
        offering = gevent.spawn(self.offering.run)
        gevent.wait([offering, self._stopping], count=1)
        self.offering.stop()
        offering.get()
        self.offering.close()

    def _wait_for_users(self) -> None:
        """Return when every user has put down its last file; a `deliver` that hangs is cut off."""
        users = gevent.spawn(self._crew.hands.join)
        gevent.wait([users, self._stopping], count=1, timeout=self._last_file_s)
        if self._stopping.is_set():
            self.offering.give_up_waiting()
            gevent.wait([users, self._hurry], count=1, timeout=self._config.stop_grace_s)
        if users.ready():  # all gone, with files left: their own code raised before they took any
            self.offering.give_up_waiting("UsersEnded")
        else:
            self._bridge.run(self._clients.cut_off)
            users.join(timeout=_CUT_OFF_S)
        self._crew.dismiss()

    @property
    def _last_file_s(self) -> float:
        """How long the last file can take by the limits of the workload."""
        limits = self._workload
        longer_s = max((behaviour.longer_s for behaviour in limits.behaviours), default=0.0)
        upload_s = limits.connect_timeout_s + limits.upload_timeout_s + longer_s
        return limits.start_within_s + upload_s + _OWN_WORK_S

    def _close(self) -> None:
        self._bridge.run(self._clients.close)
        self._bridge.close()
        self._books.end(self._reason)
        try:
            self._ledger.close()
        except (DiskFullError, OSError) as exc:
            self._ledger_error = self._ledger_error or exc
        if self._ledger_error is not None:
            raise self._ledger_error

    def _keep_ledger(self) -> None:
        """Bring the ledger to the file, and look whether anybody still wants it."""
        parent = os.getppid()
        while True:
            gevent.sleep(FLUSH_INTERVAL_S)
            if self._config.stop_with_parent and os.getppid() != parent and not self._stopping.is_set():
                self.stop("parent_gone")
            try:
                self._ledger.flush()
            except (DiskFullError, OSError) as exc:
                self._ledger_error = exc
                if not self._stopping.is_set():
                    self.stop("ledger_failed")
