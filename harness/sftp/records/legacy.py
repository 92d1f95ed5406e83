"""The older text lines, which a server with a LoggingRole writes to `/aws/transfer/<server-id>`.

https://docs.aws.amazon.com/transfer/latest/userguide/cw-structure-logs.html#legacy-log-entries
"""

from __future__ import annotations

import json

from harness.sftp.session_log import Line

_FIELDS = {
    "AUTH_FAILURE": ("method", "user", "message", "source-ip"),
    "CONNECTED": ("source-ip", "user", "home-dir", "client", "role", "user-policy", "kex", "ciphers"),
    "OPEN": ("path", "mode"),
    "CLOSE": ("path", "bytes-in", "bytes-out"),
    "PARTIAL_CLOSE": ("path", "bytes-in", "bytes-out"),
    "RENAME": ("path", "new-path"),
    "ERROR": ("message", "operation", "path", "bytes-in", "bytes-out"),
    "EXIT_REASON": ("message",),
    "KEX_FAILURE": ("source-ip", "message", "kex"),
    "TLS_RESUME_FAILURE": ("source-ip", "message"),
    "CONNECTION_REJECTED": ("source-ip", "message"),
}
"""Fields of each activity in their order; activities that are not here have a path only."""
_NAMES = {"source-ip": "SourceIP"}
_QUOTED = frozenset({"message", "user-policy"})


def group_of(server_id: str) -> str:
    """Return the log group; its name is not for the user to choose.
    https://docs.aws.amazon.com/transfer/latest/userguide/log-server-manage.html
    """
    return f"/aws/transfer/{server_id}"


def text_of(stream: str, line: Line) -> str:
    """Return e.g. `lhr.33a8fb495ffb383b OPEN Path=/bucket/path/to/file Mode=CREATE|TRUNCATE|WRITE`."""
    activity = line["activity-type"]
    fields = [_field(name, line[name]) for name in _FIELDS.get(activity, ("path",)) if name in line]
    return " ".join([stream, activity, *fields])


def _field(name: str, value: str) -> str:
    """A LOGICAL home, which JSON lines show as `/`, is `LOGICAL` here."""
    if name == "home-dir" and value == "/":
        value = "LOGICAL"
    shown = _NAMES.get(name) or "".join(word.capitalize() for word in name.split("-"))
    return f"{shown}={json.dumps(value, ensure_ascii=False) if name in _QUOTED else value}"
