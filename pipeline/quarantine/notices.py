"""Reads the event by which Transfer Family tells that an upload broke off.

It names bucket and key in one path, and no version.
https://docs.aws.amazon.com/transfer/latest/userguide/events-detail-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

PARTIAL_UPLOAD = "PARTIAL_UPLOAD"


class MalformedNoticeError(ValueError):
    """The event is not one of a broken upload."""


@dataclass(frozen=True)
class Notice:
    """One broken upload, as its server tells it."""

    bucket: str
    key: str
    etag: str | None
    """Of the object that it left; `None` where the event has none."""
    size_bytes: int | None
    began_at: datetime
    ended_at: datetime
    transfer: str
    """Which transfer: session and start, the same in every repetition of one event."""
    user: str

    @property
    def message(self) -> str:
        """Return what the row says."""
        arrived = "a part of it" if self.size_bytes is None else f"{self.size_bytes} bytes"
        return f"the upload by {self.user} broke off: {arrived} arrived (session {self.transfer})"


def read(event: Mapping[str, Any]) -> Notice:
    """Read an event.

    :raises MalformedNoticeError: it is something else, with the reason in the message
    """
    try:
        return _notice(event["detail"])
    except MalformedNoticeError:
        raise
    except KeyError as exc:
        raise MalformedNoticeError(f"the event has no {exc}") from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise MalformedNoticeError(f"the event tells of no broken upload: {exc}") from exc


def _notice(detail: Mapping[str, Any]) -> Notice:
    if detail["failure-code"] != PARTIAL_UPLOAD:
        raise MalformedNoticeError(f"the failure is {detail['failure-code']}, not {PARTIAL_UPLOAD}")
    bucket, _, key = detail["file-path"].removeprefix("/").partition("/")
    if not bucket or not key:
        raise MalformedNoticeError(f"'{detail['file-path']}' is no /bucket/key")
    began = detail["start-timestamp"]
    return Notice(
        bucket=bucket,
        key=key,
        etag=(detail.get("etag") or "").strip('"') or None,
        size_bytes=None if detail.get("bytes") is None else int(detail["bytes"]),
        began_at=_moment(began),
        ended_at=_moment(detail["end-timestamp"]),
        transfer=f"{detail['session-id']} {began}",
        user=str(detail.get("username") or "an unknown user"),
    )


def _moment(text: str) -> datetime:
    """Read a time of nanoseconds, of which Python keeps the microseconds."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise MalformedNoticeError(f"'{text}' has no time zone")
    return moment
