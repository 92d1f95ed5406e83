"""Files under transfer, as pyftpdlib's data connection holds them."""

from __future__ import annotations

from typing import Literal

from asyncssh import SFTPError, SFTPPermissionDenied

from harness.ftp.bridge import Bridge
from harness.sftp.handles import OpenFile, Upload

End = Literal["complete", "broken", "never-began"]


class TransferFailedError(Exception):
    """S3 refused a part of the transfer. The text is for the client."""


class TransferFile:
    """One file, from STOR or RETR to the end of its data connection.

    :param name: path that the client named
    """

    def __init__(self, bridge: Bridge, file: OpenFile, name: str) -> None:
        self._bridge = bridge
        self._file = file
        self._offset = 0
        self._failure: SFTPError | None = None
        self.name = name
        self.closed = False

    def write(self, data: bytes) -> None:
        """:raises TransferFailedError: S3 refused"""
        try:
            self._bridge.run(self._file.write(self._offset, bytes(data)))
        except SFTPError as exc:
            self._failed(exc)
        self._offset += len(data)

    def read(self, length: int) -> bytes:
        """:raises TransferFailedError: S3 refused"""
        try:
            data = self._bridge.run(self._file.read(self._offset, length))
        except SFTPError as exc:
            self._failed(exc)
        self._offset += len(data)
        return data

    def _failed(self, error: SFTPError) -> None:
        self._failure = error
        raise TransferFailedError(error.reason) from error

    def finish(self, end: End) -> str:
        """End it as the data connection has ended; return the reply that tells of a failure, or nothing.

        What the client has sent whole, or what has failed, is closed; what broke off is left as by a session
        that is gone, so that the server's setting for partial uploads decides.
        """
        if self.closed:
            return ""
        self.closed = True
        if end == "complete" or self._failure is not None:
            return self._close()
        if end == "never-began" and isinstance(self._file, Upload):
            upload = self._file
            self._bridge.call(lambda: upload.discard("there was no data connection"))
        else:
            self._bridge.call(lambda: self._file.abandon("the data connection broke off"))
        return ""

    def _close(self) -> str:
        try:
            self._bridge.run(self._file.close())
        except SFTPError as exc:
            self._failure = self._failure or exc
        return "" if self._failure is None else reply_to(self._failure)

    def close(self) -> None:
        """Called for files whose data connection never came."""
        self.finish("never-began")


def reply_to(error: SFTPError) -> str:
    """Return the reply to a transfer that has failed after its 150 (RFC 959, 4.2)."""
    code = 550 if isinstance(error, SFTPPermissionDenied) else 451
    return f"{code} {error.reason}."
