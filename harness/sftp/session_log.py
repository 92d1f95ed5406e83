"""Session log lines in the JSON shape of Transfer Family's structured logging, to the field order.

Entries for connect, open, close, disconnect, authentication and key exchange failures are as AWS documents
them (https://docs.aws.amazon.com/transfer/latest/userguide/cw-example-logs.html). AWS shows no JSON sample
for the rest; those follow the older text format with the same field names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Line = dict[str, str]
Emit = Callable[[str, Line], None]
"""Takes a stream name and a line; must not wait."""

ERRORS_STREAM = "ERRORS"


@dataclass(frozen=True)
class Connected:
    """What is known of a connection once its user is. Without a key (password, FTPS), the three fields of
    the key stay empty and are left out of the line; so are `ciphers`, `client` and `kex` outside of SSH.
    """

    role: str
    ciphers: str
    client: str
    source_ip: str
    public_key: str
    public_key_fingerprint: str
    public_key_type: str
    user: str
    kex: str
    home_dir: str = "/"
    """Where the user lands: `/bucket/path`, and `/` with a LOGICAL home."""
    user_policy: str | None = None
    """The session policy as given."""


class ServerLog:
    """Lines that belong to no session."""

    def __init__(self, emit: Emit, resource_arn: str) -> None:
        self.emit = emit
        self.resource_arn = resource_arn

    def auth_failure(self, *, user: str, source_ip: str, method: str, message: str) -> None:
        self.emit(
            ERRORS_STREAM,
            {
                "method": method,
                "activity-type": "AUTH_FAILURE",
                "source-ip": source_ip,
                "resource-arn": self.resource_arn,
                "message": message,
                "user": user,
            },
        )

    def provider_error(self, *, user: str, source_ip: str, message: str) -> None:
        """The identity provider gave no answer, or a wrong one. The AUTH_FAILURE line that follows does not
        say why; AWS publishes no line for it, so this one is ours.
        """
        self.emit(
            ERRORS_STREAM,
            {
                "operation": "AUTHENTICATE",
                "activity-type": "ERROR",
                "source-ip": source_ip,
                "resource-arn": self.resource_arn,
                "message": message,
                "user": user,
            },
        )

    def kex_failure(self, *, source_ip: str, message: str, offered: str) -> None:
        self.emit(
            ERRORS_STREAM,
            {
                "activity-type": "KEX_FAILURE",
                "source-ip": source_ip,
                "resource-arn": self.resource_arn,
                "message": message,
                "kex": offered,
            },
        )

    def tls_resume_failure(self, *, source_ip: str, message: str) -> None:
        """FTPS: a data connection did not resume the TLS session of its control connection."""
        self._without_session("TLS_RESUME_FAILURE", source_ip, message)

    def connection_rejected(self, *, source_ip: str, message: str) -> None:
        """Turned away before login, for example because there are too many sessions."""
        self._without_session("CONNECTION_REJECTED", source_ip, message)

    def _without_session(self, activity: str, source_ip: str, message: str) -> None:
        self.emit(
            ERRORS_STREAM,
            {
                "activity-type": activity,
                "source-ip": source_ip,
                "resource-arn": self.resource_arn,
                "message": message,
            },
        )


class SessionLog:
    """Lines of one session, in its stream `<user>.<session-id>`."""

    def __init__(self, server: ServerLog, user: str, session_id: str) -> None:
        self._server = server
        self._session_id = session_id
        self._stream = f"{user}.{session_id}"

    def connected(self, about: Connected) -> None:
        line = {
            "role": about.role,
            "activity-type": "CONNECTED",
            "ciphers": about.ciphers,
            "client": about.client,
            "source-ip": about.source_ip,
            "resource-arn": self._server.resource_arn,
            "home-dir": about.home_dir,
            "user-policy": about.user_policy or "",
            "ssh-public-key": about.public_key,
            "ssh-public-key-fingerprint": about.public_key_fingerprint,
            "ssh-public-key-type": about.public_key_type,
            "user": about.user,
            "kex": about.kex,
            "session-id": self._session_id,
        }
        self._server.emit(self._stream, {name: value for name, value in line.items() if value})

    def opened(self, path: str, mode: str) -> None:
        self._emit("OPEN", {"mode": mode, "path": path})

    def closed(self, path: str, *, bytes_in: int | None = None, bytes_out: int | None = None) -> None:
        self._emit("CLOSE", {"path": path}, _byte_counts(bytes_in, bytes_out))

    def partly_closed(self, path: str, *, bytes_in: int | None = None, bytes_out: int | None = None) -> None:
        """The client left with the file open."""
        self._emit("PARTIAL_CLOSE", {"path": path}, _byte_counts(bytes_in, bytes_out))

    def changed(self, activity: str, path: str) -> None:
        """`DELETE`, `MKDIR`, `RMDIR` or `SETSTAT`; logged whether it worked or not."""
        self._emit(activity, {"path": path})

    def renamed(self, path: str, new_path: str) -> None:
        self._emit("RENAME", {"path": path, "new-path": new_path})

    def error(self, operation: str, path: str, message: str, *, bytes_in: int | None = None) -> None:
        self._emit(
            "ERROR", {"path": path, "operation": operation, "message": message}, _byte_counts(bytes_in, None)
        )

    def exit_reason(self, message: str) -> None:
        """An unexpected error ended the session."""
        self._emit("EXIT_REASON", {"message": message})

    def disconnected(self) -> None:
        self._emit("DISCONNECTED", {})

    def _emit(self, activity: str, before: Line, after: Line | None = None) -> None:
        line = {
            **before,
            "activity-type": activity,
            "resource-arn": self._server.resource_arn,
            **(after or {}),
            "session-id": self._session_id,
        }
        self._server.emit(self._stream, line)


def _byte_counts(bytes_in: int | None, bytes_out: int | None) -> Line:
    counts = {"bytes-in": bytes_in, "bytes-out": bytes_out}
    return {name: str(count) for name, count in counts.items() if count is not None}
