"""Less log for each request: a million files would be some five million lines.

access-log    Twisted formats a line in Apache's format for each request, which goes nowhere
request-log   LocalStack's own line for each AWS call is kept for those that failed; all of them with
              FLOODGATE_LOG_REQUESTS=1, and whenever debugging is on
"""

from __future__ import annotations

import logging
import os
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_FIRST_FAILURE_STATUS = 400


@named_patch("access-log")
def apply_access_log() -> None:
    from twisted.web.http import HTTPFactory

    def log(self: Any, request: Any) -> None:
        """Nothing: LocalStack has its own request log."""

    replace(HTTPFactory, "log", log)


@named_patch("request-log")
def apply_request_log() -> None:
    from localstack.aws.handlers.logging import ResponseLogger

    def log_failures(self: Any, context: Any, response: Any) -> None:
        if response.status_code >= _FIRST_FAILURE_STATUS or not context.operation:
            original(self, context, response)

    if os.environ.get("FLOODGATE_LOG_REQUESTS") == "1" or logging.getLogger().isEnabledFor(logging.DEBUG):
        return
    original = replace(ResponseLogger, "_log", log_failures)


def apply() -> None:
    apply_access_log()
    apply_request_log()
