"""Less log for each request: a million files would be some five million lines.

access-log    Twisted formats a line in Apache's format for each request, which goes nowhere
request-log   LocalStack's own line for each AWS call is kept for those that failed; all of them with
              FLOODGATE_LOG_REQUESTS=1, and whenever debugging is on
event-log     LocalStack writes each event down for each rule that it does not match: 3 KB for each file.
              What could not be delivered stays in the log
"""

from __future__ import annotations

import logging
import os
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_FIRST_FAILURE_STATUS = 400
_NO_NEWS = "InternalInfoEvents at matches_rule"
"""What LocalStack's line says of an event and a rule that do not fit together."""


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

    if _everything_is_wanted():
        return
    original = replace(ResponseLogger, "_log", log_failures)


@named_patch("event-log")
def apply_event_log() -> None:
    if not _everything_is_wanted():
        logging.getLogger("localstack.services.events.provider").addFilter(is_news)


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of EventBridge belongs in the log."""
    return _NO_NEWS not in str(record.msg)


def _everything_is_wanted() -> bool:
    return os.environ.get("FLOODGATE_LOG_REQUESTS") == "1" or logging.getLogger().isEnabledFor(logging.DEBUG)


def apply() -> None:
    apply_access_log()
    apply_request_log()
    apply_event_log()
