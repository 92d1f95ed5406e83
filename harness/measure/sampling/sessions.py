"""SFTP sessions and logins over time, counted in the front end's log.

The log has a line for each session that begins or ends. They are counted, not parsed: at a thousand files a
second the log grows by a megabyte, which `bytes.count` goes through in a millisecond. A session whose worker
was killed has no last line, and counts until the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.measure.sampling.readings import Reading

_CHUNK_BYTES = 1 << 20
# A quote inside a path or a name is escaped in JSON, so no client can write such a mark into the log.
_BEGINS = b'"activity-type": "CONNECTED"'
_ENDS = b'"activity-type": "DISCONNECTED"'


class SessionSource:
    """Follows one log file from its beginning: a stack that was kept may have sessions already.

    :param log_file: need not exist yet
    """

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._offset = 0
        self._rest = b""
        self._logins = 0
        self._ended = 0
        self._last_at: float | None = None

    def read(self, at: float) -> Iterable[Reading]:
        """Count what was added; see `Source`. The first look tells no rate of logins."""
        before = self._logins
        self._catch_up()
        readings = [Reading("sftp.sessions", "sessions", self._logins - self._ended)]
        if self._last_at is not None and at > self._last_at:
            readings.append(Reading("sftp.logins", "1/s", (self._logins - before) / (at - self._last_at)))
        self._last_at = at
        return readings

    def _catch_up(self) -> None:
        if not self._log_file.exists():
            return
        with self._log_file.open("rb") as log:
            log.seek(self._offset)
            while chunk := log.read(_CHUNK_BYTES):
                self._offset += len(chunk)
                self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        """Count whole lines; what follows the last line end waits for the next chunk."""
        lines, _, self._rest = (self._rest + chunk).rpartition(b"\n")
        self._logins += lines.count(_BEGINS)
        self._ended += lines.count(_ENDS)
