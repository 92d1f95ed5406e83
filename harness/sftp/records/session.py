"""What one session reports. Log lines are written here; events, metrics and workflows have listeners."""

from __future__ import annotations

from collections.abc import Callable

from harness import clock
from harness.sftp.records.events import Failure, FailureCode, Happening, SessionInfo, Subject
from harness.sftp.records.listeners import Listeners
from harness.sftp.session_log import Connected, SessionLog

__all__ = ["PARTLY_DOWNLOADED", "PARTLY_UPLOADED", "FailureCode", "SessionInfo", "SessionRecords"]

PARTLY_UPLOADED = "File was partially uploaded."
PARTLY_DOWNLOADED = "File was partially downloaded."
"""The second is AWS's wording; the first follows it."""


class SessionRecords:
    """Called by the parts that serve a session, once for each thing that happened.

    Paths are real paths (`/bucket/key`), times seconds since the epoch, `started_at` the time at which the
    client's request (for transfers: the OPEN) arrived.
    """

    def __init__(self, log: SessionLog, about: SessionInfo, listeners: Listeners) -> None:
        self.log = log
        self._about = about
        self._listeners = listeners
        self._unfinished = 0
        self._is_over = False

    # The session

    def connected(self, about: Connected) -> None:
        self.log.connected(about)
        self._listeners.connected()

    def disconnected(self) -> None:
        """The line waits for those of requests under way and of transfers that the end of the session ends:
        AWS does not say so, but it would else stand before them whenever S3 is slow.
        """
        self._is_over = True
        self._listeners.disconnected()
        self._log_the_end()

    def _log_the_end(self) -> None:
        if self._is_over and not self._unfinished:
            self.log.disconnected()

    def channel_began(self) -> None:
        """Its requests are answered one after the other, also those that arrived before the client left."""
        self._unfinished += 1

    def channel_ended(self) -> None:
        """No further request of it is served; files that it left open are transfers."""
        self._one_finished()

    def _one_finished(self) -> None:
        self._unfinished -= 1
        self._log_the_end()

    def exit_reason(self, message: str) -> None:
        """An unexpected error ended the session; `disconnected` follows."""
        self.log.exit_reason(message)

    def error(self, operation: str, path: str, message: str, *, bytes_in: int | None = None) -> None:
        """An operation failed that has no other call here, such as OPEN, WRITE, READ or OPENDIR."""
        self.log.error(operation, path, message, bytes_in=bytes_in)

    # Files

    def opened(self, path: str, mode: str) -> None:
        """An OPEN arrived, whether it works or not. `mode` is `READ`, `CREATE|TRUNCATE|WRITE` and so on."""
        self.log.opened(path, mode)

    def transfer_began(self) -> None:
        """A file was opened: one of the next four follows."""
        self._unfinished += 1

    def upload_completed(
        self, path: str, *, size_bytes: int, etag: str, version_id: str | None, started_at: float
    ) -> None:
        """The client closed the file, and the object is there."""
        self.log.closed(path, bytes_in=size_bytes)
        self._tell(
            "File Upload",
            path,
            started_at=started_at,
            size_bytes=size_bytes,
            etag=etag,
            version_id=version_id,
        )

    def upload_failed(
        self,
        path: str,
        *,
        size_bytes: int,
        failure_code: FailureCode,
        message: str,
        started_at: float,
        etag: str | None = None,
        version_id: str | None = None,
        on_handled: Callable[[], object] | None = None,
    ) -> None:
        """`PARTIAL_UPLOAD`: the session ended with the file open; `etag` and `version_id` tell the object
        that was kept, if it was. `UNKNOWN_ERROR`: it could not be written.

        :param on_handled: called in another thread when the event is on the bus, or is lost
        """
        if failure_code == "PARTIAL_UPLOAD":
            self.log.partly_closed(path, bytes_in=size_bytes)
        else:
            self.log.error("CLOSE", path, message, bytes_in=size_bytes)
        self._tell(
            "File Upload",
            path,
            started_at=started_at,
            failure=Failure(failure_code, message),
            size_bytes=size_bytes,
            etag=etag,
            version_id=version_id,
            on_handled=on_handled,
        )

    def download_completed(self, path: str, *, size_bytes: int, started_at: float) -> None:
        """The client closed the file; `size_bytes` were sent."""
        self.log.closed(path, bytes_out=size_bytes)
        self._tell("File Download", path, started_at=started_at, size_bytes=size_bytes)

    def download_failed(
        self, path: str, *, size_bytes: int, failure_code: FailureCode, message: str, started_at: float
    ) -> None:
        """`PARTIAL_DOWNLOAD`: the session ended with the file open. `UNKNOWN_ERROR`: a read had failed
        (told by `error`), and the client closed the file.
        """
        if failure_code == "PARTIAL_DOWNLOAD":
            self.log.partly_closed(path, bytes_out=size_bytes)
        else:
            self.log.closed(path, bytes_out=size_bytes)
        failure = Failure(failure_code, message)
        self._tell("File Download", path, started_at=started_at, failure=failure, size_bytes=size_bytes)

    # One request each: `error` is why it failed, `None` when it worked. AWS logs both.

    def deleted(self, path: str, *, started_at: float, error: str | None = None) -> None:
        self._changed("DELETE", path, error)
        self._tell("File Delete", path, started_at=started_at, failure=_failure(error))

    def renamed(self, path: str, new_path: str, *, started_at: float, error: str | None = None) -> None:
        self.log.renamed(path, new_path)
        if error is not None:
            self.log.error("RENAME", path, error)
        self._tell("File Rename", path, new_path, started_at=started_at, failure=_failure(error))

    def directory_created(self, path: str, *, started_at: float, error: str | None = None) -> None:
        self._changed("MKDIR", path, error)
        self._tell("Directory Create", path, started_at=started_at, failure=_failure(error))

    def directory_deleted(self, path: str, *, started_at: float, error: str | None = None) -> None:
        self._changed("RMDIR", path, error)
        self._tell("Directory Delete", path, started_at=started_at, failure=_failure(error))

    def setstat(self, path: str) -> None:
        """Logged even where `ENABLE_NO_OP` hides that nothing was done."""
        self.log.changed("SETSTAT", path)

    def _changed(self, activity: str, path: str, error: str | None) -> None:
        self.log.changed(activity, path)
        if error is not None:
            self.log.error(activity, path, error)

    def _tell(
        self,
        subject: Subject,
        *paths: str,
        started_at: float,
        failure: Failure | None = None,
        size_bytes: int | None = None,
        etag: str | None = None,
        version_id: str | None = None,
        on_handled: Callable[[], object] | None = None,
    ) -> None:
        what = (failure, size_bytes, etag, version_id, on_handled)
        self._listeners.happened(Happening(subject, self._about, paths, started_at, clock.now(), *what))
        if size_bytes is not None:
            self._one_finished()


def _failure(error: str | None) -> Failure | None:
    return None if error is None else Failure("UNKNOWN_ERROR", error)
