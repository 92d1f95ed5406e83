"""The enrichment of a Pipe: one synchronous invocation of a Lambda function for each batch.

https://docs.aws.amazon.com/eventbridge/latest/userguide/pipes-enrichment.html
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from typing import Any

from botocore.config import Config

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError
from harness.standins.pipes.definition import Pipe
from harness.standins.pipes.templates import InputTemplate

_TIMEOUT_S = 300
"""A pipe's execution ends after five minutes:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
"""
_THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})
_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
"""A throttled function is invoked again before the batch is given back: "Pipes automatically retries
enrichment and target invocation on any retryable AWS failures".

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""
ENRICHMENT_FAILED = "EnrichmentFailed"


class Enrichment:
    """Hands a batch to the function and takes what goes on. Used by several threads."""

    def __init__(self, pipe: Pipe, engine: EngineInfo) -> None:
        self._arn = pipe.enrichment_arn
        self._template = pipe.enrichment_template
        once = Config(read_timeout=_TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": 1})
        self._lambda = client("lambda", engine, config=once)

    def apply(self, records: Sequence[Any]) -> list[Any]:
        """Return the events for the target; none means that the target is not called.

        The function gets a list, also of one record. An empty answer ({}, [], "", null) passes nothing on.

        :raises AwsError: the function failed, or AWS refused to invoke it; the whole batch is to come again,
            because AWS knows no partial failure of an enrichment
        """
        if self._arn is None:
            return list(records)
        answer = self._invoke_patiently(_payload(records, self._template))
        if not answer:
            return []
        return answer if isinstance(answer, list) else [answer]

    def _invoke_patiently(self, payload: str) -> Any:
        for pause_s in _PAUSES_S:
            try:
                return self._invoke(payload)
            except AwsError as exc:
                if exc.code not in _THROTTLED:
                    raise
            time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  (spreads retries, guards nothing)
        return self._invoke(payload)

    def _invoke(self, payload: str) -> Any:
        with translated("invoking the enrichment"):
            response = self._lambda.invoke(FunctionName=self._arn, Payload=payload.encode())
            body = response["Payload"].read()
        if "FunctionError" in response:
            raise AwsError(f"the enrichment failed: {body[:500].decode()}", code=ENRICHMENT_FAILED)
        return json.loads(body) if body else None


def _payload(records: Sequence[Any], template: InputTemplate | None) -> str:
    """Templates are applied to each record by itself; what comes out is one JSON list."""
    if template is None:
        return json.dumps(records)
    return as_list([template.render(record) for record in records])


def as_list(rendered: Sequence[str]) -> str:
    """Join rendered templates to a JSON list; one that is no JSON goes in as a string."""
    return "[" + ",".join(text if _is_json(text) else json.dumps(text) for text in rendered) + "]"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
