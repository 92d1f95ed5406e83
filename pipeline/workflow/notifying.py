"""Notify: publishes results; for a failure it first writes the end of the row.

A success needs it only in `parent-flat`: the other parents publish without a function. A failure comes here
from every parent, as what its `Catch` has caught and the input of the execution, which even a failed
Validate has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.common import clock
from pipeline.common.events import Upload
from pipeline.records import states
from pipeline.records.changes import Ending
from pipeline.records.single import RecordTable
from pipeline.workflow import documents, ends, failures, inputs
from pipeline.workflow.errors import MalformedEventError, translated
from pipeline.workflow.failures import Failure
from pipeline.workflow.settings import NotifySettings

_NOT_CLAIMED = frozenset({states.UPLOADED, states.QUEUED})

logger = Logger(child=True)


@dataclass(frozen=True)
class Notify:
    """The task.

    :param sns: client of SNS
    """

    sns: Any
    table: RecordTable
    settings: NotifySettings

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Publish a result, or record and publish a failure.

        :param task: `result`; or `error` as a `Catch` has it, `input` and `execution`
        :return: the result; for a failure with the real `error` and `cause`, which the execution ends with
        """
        if "error" in task:
            return self._failed(failures.find(task["error"]), task["input"], task["execution"])
        with translated():
            self._publish(task["result"])
        result: dict[str, Any] = task["result"]
        return result

    def _failed(self, failure: Failure, given: Any, execution: str) -> dict[str, Any]:
        told = {"error": failure.error_type, "cause": failure.message}
        try:
            upload = inputs.read(given).upload
        except MalformedEventError:
            result = {"status": "Failed", "message": "The input of the execution is no upload", **told}
        else:
            with translated():
                self._record(upload, failure, execution)
            bucket = self.table.settings.destination_bucket
            result = documents.result(upload, bucket, states.FAILED, **told)
        self._try_to_publish({**result, "execution": execution})
        return result

    def _record(self, upload: Upload, failure: Failure, execution: str) -> None:
        """End the row. A file that Validate did not come to claim is claimed first: no row ends unclaimed."""
        ending = Ending(
            file_id=upload.file_id,
            status=states.FAILED,
            claimed_by=execution,
            at=clock.now_iso(),
            error_type=failure.error_type,
            error_message=failure.message,
        )
        row = ends.write(self.table, upload, ending).row
        never_claimed = row is None or row.status in _NOT_CLAIMED
        if never_claimed and self.table.claim(upload, execution).applied:
            ends.write(self.table, upload, ending)

    def _try_to_publish(self, result: Mapping[str, Any]) -> None:
        """Publish a failure. Row and execution tell of it as well, so a lost message is only logged."""
        try:
            self._publish(result)
        except (ClientError, BotoCoreError) as exc:
            logger.error("The failure could not be published", extra={"result": result}, exc_info=exc)

    def _publish(self, result: Mapping[str, Any]) -> None:
        self.sns.publish(TopicArn=self.settings.results_topic_arn, Message=json.dumps(result))
