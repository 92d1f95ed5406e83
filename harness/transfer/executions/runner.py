"""Starts an execution for every trigger that the workers write, and counts what becomes of them."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from harness import clock
from harness.exceptions import FloodgateError
from harness.transfer.executions.errors import StepError
from harness.transfer.executions.execution import WorkflowExecution
from harness.transfer.executions.services import Services
from harness.transfer.executions.throttle import BURST, TokenBucket
from harness.transfer.executions.triggers import Trigger, TriggerReader

NAMESPACE = "AWS/Transfer"
POLL_S = 0.1
METRICS_INTERVAL_S = 60.0
_log = logging.getLogger(__name__)


class WorkflowRunner:
    """Runs workflows in the background until it is stopped.

    :param services: with the store, writable: this is the only process that writes it
    :param triggers_file: `workflow_triggers_file` of the SFTP workers
    """

    def __init__(
        self,
        services: Services,
        triggers_file: Path,
        *,
        bucket: TokenBucket | None = None,
        metrics_interval_s: float = METRICS_INTERVAL_S,
    ) -> None:
        self._store = services.store
        self._services = services
        self._reader = TriggerReader(triggers_file)
        self._bucket = bucket or TokenBucket()
        self._metrics_interval_s = metrics_interval_s
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._running: set[Future[None]] = set()
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(BURST, thread_name_prefix="workflow")
        self._thread = threading.Thread(target=self._run, name="workflows", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, grace_s: float = 0.0) -> None:
        """Begin what uploads have asked for until now, and let executions go on for `grace_s`. Those whose
        functions have not reported then end with TIMEOUT.
        """
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        late = wait(self._running, grace_s).not_done
        self._services.stopping.set()
        if lost := sum(future.cancel() for future in late):
            _log.warning("%d executions had not begun when this process ended", lost)
        self._pool.shutdown(wait=True)
        self._publish()

    def _run(self) -> None:
        publish_at = time.monotonic() + self._metrics_interval_s
        is_last = False
        while not is_last:
            is_last = self._ending.wait(POLL_S)
            for trigger in self._reader.new():
                self._begin(trigger)
            if time.monotonic() >= publish_at:
                self._publish()
                publish_at = time.monotonic() + self._metrics_interval_s

    def _begin(self, trigger: Trigger) -> None:
        """A workflow or server that has gone since the upload is told, and no more."""
        workflow, server = self._store.workflow(trigger.workflow_id), self._store.server(trigger.server_id)
        if workflow is None or server is None or not workflow.Steps:
            _log.error("%s of %s cannot be run", trigger.workflow_id, trigger.server_id)
            return
        execution = WorkflowExecution(trigger, workflow, server, self._services)
        self._count(trigger, "Started")
        future = self._pool.submit(self._execute, trigger, execution, may_run=self._bucket.take())
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def _execute(self, trigger: Trigger, execution: WorkflowExecution, *, may_run: bool) -> None:
        succeeded = False
        try:
            if may_run:
                succeeded = execution.run()
            else:
                execution.refuse(StepError("THROTTLED", "New executions are limited to one per second"))
        except FloodgateError:
            _log.exception("execution %s of %s was lost", execution.id, trigger.workflow_id)
        finally:
            self._count(trigger, "Success" if succeeded else "Failed")

    def _count(self, trigger: Trigger, outcome: str) -> None:
        with self._lock:
            self._counts[trigger.server_id, f"{trigger.kind}Executions{outcome}"] += 1

    def _publish(self) -> None:
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        data = [
            {
                "MetricName": name,
                "Dimensions": [{"Name": "ServerId", "Value": server_id}],
                "Timestamp": clock.now(),
                "Value": float(count),
                "Unit": "Count",
            }
            for (server_id, name), count in counts.items()
        ]
        try:
            self._services.call("cloudwatch", "put_metric_data", Namespace=NAMESPACE, MetricData=data)
        except FloodgateError as exc:
            _log.warning("metrics of workflows are not delivered: %s", exc)
