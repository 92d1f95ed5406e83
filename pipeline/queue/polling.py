"""A worker that takes messages from the queue itself, as an ECS task does.

Each of its threads receives up to ten messages by long polling, handles them as the Lambda worker does,
deletes those that are done and lets the others come again. Told to stop, it receives no more, finishes what
it holds within a bound, and gives the rest back at once.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common.deadline import Deadline
from pipeline.common.events import Delivery
from pipeline.common.settings import EcsWorkerSettings
from pipeline.queue import messages
from pipeline.queue.held import HeldMessages
from pipeline.queue.service import TransferService

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0

logger = Logger(child=True)


class Poller:
    """Polls with `worker_concurrency` threads.

    :param name: who claims uploads, for the rows; a number is added for each batch
    """

    def __init__(
        self, sqs: SQSClient, service: TransferService, settings: EcsWorkerSettings, *, name: str
    ) -> None:
        self._sqs = sqs
        self._service = service
        self._settings = settings
        self._name = name
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._deadlines: set[Deadline] = set()
        self._lock = threading.Lock()
        self._held = HeldMessages(sqs, settings.work_queue_url, settings.visibility_timeout_s)
        self._threads = [
            threading.Thread(target=self._poll, name=f"poll-{number}", daemon=True)
            for number in range(settings.worker_concurrency)
        ]
        self._heart = threading.Thread(target=self._held.beat_until, args=(self._ended,), daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        for thread in (*self._threads, self._heart):
            thread.start()

    def is_whole(self) -> bool:
        """Tell whether all threads run. One that has died has said why."""
        return all(thread.is_alive() for thread in (*self._threads, self._heart))

    def stop(self) -> bool:
        """Receive no more and finish; return whether everything ended within `stop_timeout_s`."""
        until = time.monotonic() + self._settings.stop_timeout_s
        with self._lock:
            self._stopping.set()
            for deadline in self._deadlines:
                deadline.cut(self._time_for_copies_s())
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._ended.set()
        return not any(thread.is_alive() for thread in self._threads)

    def _time_for_copies_s(self) -> float:
        """A part of the time to stop is kept to write rows and give messages back."""
        return self._settings.stop_timeout_s * 0.8

    def _poll(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                records = messages.receive(
                    self._sqs, self._settings.work_queue_url, self._settings.receive_wait_s
                )
            except (ClientError, BotoCoreError) as exc:
                logger.error("Cannot receive; trying again", extra={"pause_s": pause_s}, exc_info=exc)
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            pause_s = _FIRST_PAUSE_S
            if records:
                self._handle(records)

    def _handle(self, records: Sequence[dict[str, Any]]) -> None:
        handles = [record["receiptHandle"] for record in records]
        deadline = Deadline(self._settings.batch_timeout_s, 0)
        if not self._enter(deadline):
            self._give_back(handles)
            return
        try:
            with self._held.held(handles):
                name = f"{self._name}#{next(self._numbers)}"
                returned = self._service.transfer(records, deadline, claimed_by=name)
        finally:
            self._leave(deadline)
        self._delete(handles, returned)
        self._return(returned)

    def _enter(self, deadline: Deadline) -> bool:
        """Note a batch that begins, so that a stop can cut its time; False when it must not begin."""
        with self._lock:
            if not self._stopping.is_set():
                self._deadlines.add(deadline)
            return not self._stopping.is_set()

    def _leave(self, deadline: Deadline) -> None:
        with self._lock:
            self._deadlines.discard(deadline)

    def _delete(self, handles: Sequence[str], returned: Sequence[Delivery]) -> None:
        kept = {delivery.receipt_handle for delivery in returned}
        done = [handle for handle in handles if handle not in kept]
        try:
            messages.delete(self._sqs, self._settings.work_queue_url, done)
        except (ClientError, BotoCoreError) as exc:
            logger.warning("Messages not deleted: they come again and are found done", exc_info=exc)

    def _return(self, returned: Sequence[Delivery]) -> None:
        if self._stopping.is_set():
            self._give_back([delivery.receipt_handle for delivery in returned])
        else:
            self._service.retries.soon(returned)

    def _give_back(self, handles: Sequence[str]) -> None:
        try:
            messages.hide(self._sqs, self._settings.work_queue_url, handles, 0)
        except (ClientError, BotoCoreError) as exc:
            logger.warning("Messages not given back: they wait for the visibility timeout", exc_info=exc)
