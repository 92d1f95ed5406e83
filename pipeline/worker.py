"""The ECS Fargate worker: `python -m pipeline.worker`. All settings are environment variables
(`EcsWorkerSettings`).

SIGTERM (and SIGINT) stop it: it receives no more, finishes what it holds within STOP_TIMEOUT_S, gives the
rest back and exits with 0. Exit codes: 0 stopped, 1 a part of it died, 2 settings are missing or wrong.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import boto3
from aws_lambda_powertools import Logger

from pipeline.common.clients import config
from pipeline.common.settings import EcsWorkerSettings, SettingsError
from pipeline.queue.polling import Poller
from pipeline.queue.service import TransferService

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_LOOK_INTERVAL_S = 1.0

logger = Logger()


def main() -> int:
    """Work until told to stop; return the exit code."""
    try:
        settings = EcsWorkerSettings.from_environment(os.environ)
    except SettingsError as exc:
        logger.error(str(exc))
        return 2
    # ECS sets the first of these, boto3 reads the second.
    if "AWS_REGION" in os.environ:
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    service = TransferService(settings, batches=settings.worker_concurrency)
    return _work(Poller(_sqs(settings), service, settings, name=task_name()), told_to_stop)


def _sqs(settings: EcsWorkerSettings) -> SQSClient:
    """Return a client whose answers may take as long as a long poll, with a connection for each thread."""
    patient = replace(settings, read_timeout_s=settings.read_timeout_s + settings.receive_wait_s)
    return boto3.client("sqs", config=config(patient, connections=settings.worker_concurrency + 1))


def _work(poller: Poller, told_to_stop: threading.Event) -> int:
    poller.start()
    logger.info("Worker started")
    while not told_to_stop.wait(_LOOK_INTERVAL_S):
        if not poller.is_whole():
            logger.error("A thread of the worker has died")
            poller.stop()
            return 1
    logger.info("Worker stops")
    if not poller.stop():
        logger.warning("Time to stop is up; what is unfinished comes again after the visibility timeout")
    logger.info("Worker stopped")
    return 0


def task_name() -> str:
    """Return who this is, for the rows: the ECS task and container, elsewhere the host and the process."""
    metadata = os.environ.get("ECS_CONTAINER_METADATA_URI_V4", "")
    return metadata.rstrip("/").rpartition("/")[2] or f"{socket.gethostname()}-{os.getpid()}"


def _exit(code: int) -> NoReturn:
    """Exit without waiting for threads: one may be in a copy that was given up, which S3 finishes alone."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    _exit(main())
