"""Data connections, and how a transfer ends with them.

In stream mode the end of the connection is the end of the file (RFC 959, 3.4.1), so a client that dies looks
much like one that is done. What broke off must not be taken for whole (AWS does not say what it does):

- FTPS: a connection that ends without TLS's close_notify was cut.
- FTP: a connection that is reset was cut. One that ends in order was cut, too, if the control connection ends
  at the same time: a client that is done stays for the reply.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from pyftpdlib.handlers import DTPHandler, TLS_DTPHandler
from pyftpdlib.handlers.ftp.dispatchers import PassiveDTP
from pyftpdlib.log import logger

from harness.ftp import tls
from harness.ftp.files import End, TransferFailedError, TransferFile

if TYPE_CHECKING:
    from harness.ftp.control_channel import ControlChannel

BROKE_OFF = "426 The data connection broke off; transfer aborted."
NOT_RESUMED = "522 The data connection must resume the TLS session of the control connection."
"""AWS publishes no text."""


class _FileEnd(DTPHandler):
    """Ends the file before the client is told."""

    transfer_finished: bool

    def __init__(self, sock: Any, cmd_channel: ControlChannel) -> None:
        self.timeout = cmd_channel.shared.config.data_timeout_s
        self._has_broken = False
        self._may_begin = True
        super().__init__(sock, cmd_channel)

    @property
    def is_busy(self) -> bool:
        """A command uses it already."""
        return bool(self._initialized)

    def handle_close(self) -> None:
        """Called for an end in order, and out of the handling of an error for any other."""
        self._has_broken = isinstance(sys.exc_info()[1], OSError | SSL.SysCallError)
        super().handle_close()

    def handle_error(self) -> None:
        match sys.exc_info()[1]:
            case TransferFailedError():
                self._resp = (BROKE_OFF, logger.info)
                self.close()
            case SSL.Error():
                self._has_broken = True
                self._resp = (BROKE_OFF, logger.info)
                self.close()
            case _:
                super().handle_error()

    def close(self) -> None:
        if not self._closed:
            self.end_file()
        super().close()

    def end_file(self) -> None:
        """May be called twice."""
        if not isinstance(self.file_obj, TransferFile) or self.file_obj.closed:
            return
        end = self._how_it_ends()
        reply = self.file_obj.finish(end)
        if end == "broken" and self.transfer_finished:
            reply = reply or BROKE_OFF
        if reply:
            self._resp = (reply, logger.info)
        self.transfer_finished = end == "complete" and not reply

    def _how_it_ends(self) -> End:
        if not self._may_begin:
            return "never-began"
        is_cut = self._has_broken or (self.receive and self.cmd_channel.client_is_gone())
        return "complete" if self.transfer_finished and not is_cut else "broken"


class DataChannel(tls.OneWayClose, TLS_DTPHandler, _FileEnd):
    """In the clear, or with TLS after `PROT P`."""

    def __init__(self, sock: Any, cmd_channel: ControlChannel) -> None:
        super().__init__(sock, cmd_channel)
        self._may_begin = not cmd_channel._prot

    def handle_ssl_established(self) -> None:
        """With TlsSessionResumptionMode ENFORCED, only a connection that resumes the session of the control
        connection is taken: https://docs.aws.amazon.com/transfer/latest/APIReference/API_ProtocolDetails.html
        """
        control: ControlChannel = self.cmd_channel
        enforced = control.shared.config.tls_session_resumption_mode == "ENFORCED"
        if enforced and not tls.is_resumed(self.socket, control.socket):
            control.tell_resume_failure()
            self._resp = (NOT_RESUMED, logger.info)
            self.close()
            return
        self._may_begin = True

    def close(self) -> None:
        """The file ends first: the client may never let TLS end."""
        self.end_file()
        super().close()

    def handle_error(self) -> None:
        """Not the mixin's, which skips the reply. `_error` keeps it from a TLS shutdown that cannot work."""
        self._error = True
        _FileEnd.handle_error(self)


class PassiveListener(PassiveDTP):
    """Waits for one data connection."""

    def handle_timeout(self) -> None:
        super().handle_timeout()
        self.cmd_channel._dtp_acceptor = None
        self.cmd_channel.drop_waiting()
