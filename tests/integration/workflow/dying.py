"""Tasks that die after their work. Lambda calls them, packed beside `pipeline`, instead of the real ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def validate(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Die after the first claim."""
    from pipeline.handlers.validate import handler

    answer = handler(event, context)
    if answer["attempt"] == 1:
        os._exit(1)
    return answer


def upload(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver, write the row, and die."""
    from pipeline.handlers.upload import handler

    handler(event, context)
    raise ConnectionAbortedError("the answer is lost")
