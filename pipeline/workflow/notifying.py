"""Notify: publishes results; for a failure it first writes the end of the row.

A success needs it only in `parent-flat`: the other parents publish without a function. A failure comes here
from every parent, as what its `Catch` has caught and the input of the execution, which even a failed
Validate has. It comes here once more, from EventBridge, when an execution has failed, timed out or was
stopped: so a row has its end also where no state of the machine could write it.

The row is the judge. An error after the file was delivered (an answer that was lost, a function that died
right after its work) is no failure of the file, and an execution that does not hold the file says nothing
about it.
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
from pipeline.records.single import Answer, RecordTable
from pipeline.workflow import documents, ends, failures, inputs
from pipeline.workflow.errors import MalformedEventError, translated
from pipeline.workflow.failures import Failure
from pipeline.workflow.settings import NotifySettings

_STEP_FUNCTIONS = "aws.states"
"""Source of its events: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
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

        :param task: `result`; or `error` as a `Catch` has it, `input` and `execution`; or the event of an
            execution that has not succeeded
        :return: the result; for a failure with the real `error` and `cause`, which the execution ends with
        """
        if task.get("source") == _STEP_FUNCTIONS:
            return self._ended(task["detail"])
        if "error" in task:
            return self._failed(failures.find(task["error"]), task["input"], task["execution"])
        with translated():
            self._publish(task["result"])
        result: dict[str, Any] = task["result"]
        return result

    def _ended(self, execution: Mapping[str, Any]) -> dict[str, Any]:
        """Record what an execution has left without an end, and publish that; mostly there is nothing."""
        failure = failures.of_execution(execution)
        try:
            upload = inputs.read(json.loads(execution.get("input") or "null")).upload
        except (ValueError, MalformedEventError):
            return {"recorded": False}
        with translated():
            answer = self._record(upload, failure, execution["executionArn"])
        if answer.applied:
            result = self._result(upload, states.FAILED, failure)
            self._try_to_publish({**result, "execution": execution["executionArn"]})
        return {"recorded": answer.applied}

    def _failed(self, failure: Failure, given: Any, execution: str) -> dict[str, Any]:
        try:
            upload = inputs.read(given).upload
        except MalformedEventError:
            result = {"status": "Failed", "message": "The input of the execution is no upload"}
            result |= {"error": failure.error_type, "cause": failure.message}
            is_ours = True
        else:
            with translated():
                row = self._record(upload, failure, execution).row
            is_ours = row is None or row.claimed_by == execution
            result = self._result(upload, row.status if row else states.FAILED, failure)
        if is_ours:
            self._try_to_publish({**result, "execution": execution})
        return result

    def _result(self, upload: Upload, status: str, failure: Failure) -> dict[str, Any]:
        """Return the result that the row tells of; a file that is not delivered has failed here."""
        bucket = self.table.settings.destination_bucket
        if status in states.FINAL:
            return documents.result(upload, bucket, status)
        told = {"error": failure.error_type, "cause": failure.message}
        return documents.result(upload, bucket, states.FAILED, **told)

    def _record(self, upload: Upload, failure: Failure, execution: str) -> Answer:
        """End the row. A file that Validate did not come to claim is claimed first: no row ends unclaimed."""
        answer = self._end(upload, failure, execution)
        never_claimed = answer.row is None or answer.row.status in _NOT_CLAIMED
        if never_claimed and self.table.claim(upload, execution).applied:
            return self._end(upload, failure, execution)
        return answer

    def _end(self, upload: Upload, failure: Failure, execution: str) -> Answer:
        ending = Ending(
            file_id=upload.file_id,
            status=states.FAILED,
            claimed_by=execution,
            at=clock.now_iso(),
            error_type=failure.error_type,
            error_message=failure.message,
        )
        return ends.write(self.table, upload, ending)

    def _try_to_publish(self, result: Mapping[str, Any]) -> None:
        """Publish a failure. Row and execution tell of it as well, so a lost message is only logged."""
        try:
            self._publish(result)
        except (ClientError, BotoCoreError) as exc:
            logger.error("The failure could not be published", extra={"result": result}, exc_info=exc)

    def _publish(self, result: Mapping[str, Any]) -> None:
        self.sns.publish(TopicArn=self.settings.results_topic_arn, Message=json.dumps(result))
