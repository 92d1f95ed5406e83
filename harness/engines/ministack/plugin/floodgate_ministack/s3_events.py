"""Events of S3 in EventBridge name the object's version, as on AWS; MiniStack 1.5.33 leaves it out.

Without it a pipeline can only copy what is the newest version by then, and two uploads of one key are one.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from importlib import import_module
from typing import Any

_version: ContextVar[str | None] = ContextVar("version", default=None)
"""Of the object that an event is being fired for."""


def apply() -> None:
    """Wrap what fires S3's events and what takes them to the rules."""
    s3: Any = import_module("ministack.services.s3")
    events: Any = import_module("ministack.services.eventbridge")
    fire, dispatch = s3._fire_s3_event, events._dispatch_event

    def fire_of_version(*args: Any, version_id: str | None = None, **kwargs: Any) -> None:
        token = _version.set(version_id)
        try:
            fire(*args, version_id=version_id, **kwargs)
        finally:
            _version.reset(token)

    def dispatch_with_version(event: dict[str, Any], *args: Any) -> None:
        version = _version.get()
        if version is not None and event.get("Source") == "aws.s3":
            event = {**event, "Detail": with_version(event["Detail"], version)}
        dispatch(event, *args)

    s3._fire_s3_event, events._dispatch_event = fire_of_version, dispatch_with_version


def with_version(detail: str, version: str) -> str:
    """Return the detail of an event about a version of an object."""
    content = json.loads(detail)
    content["object"]["version-id"] = version
    return json.dumps(content)
