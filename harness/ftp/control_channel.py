"""One control connection: login, commands, and what the records say of it. Runs in a thread of its own."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from asyncssh import SFTPName
from OpenSSL import SSL
from pyftpdlib.exceptions import FilesystemError
from pyftpdlib.handlers import TLS_FTPHandler

from harness import clock
from harness.ftp import commands, listings
from harness.ftp.bridge import Bridge
from harness.ftp.config import FtpConfig, FtpProtocol
from harness.ftp.data_channel import DataChannel, PassiveListener
from harness.ftp.filesystem import SessionFilesystem
from harness.ftp.tls import OneWayClose
from harness.sftp import attributes
from harness.sftp import session as sessions
from harness.sftp.connection import IDLE, TOO_MANY_SESSIONS, WRONG_PASSWORD
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import User
from harness.sftp.services import Services
from harness.sftp.session import Session
from harness.sftp.session_log import Connected

_LOOK_EVERY_S = 1.0
_LEAVING_S = 0.02
GREETING = "Service ready for new user."
WELCOME = "User logged in, proceed."
"""AWS publishes no text; these are RFC 959's."""


@dataclass(frozen=True)
class Shared:
    """What all control connections of a server share.

    :param now: seconds of a clock that only goes forward
    """

    config: FtpConfig
    services: Services
    bridge: Bridge
    tls: SSL.Context | None
    now: Callable[[], float] = time.monotonic


class TooManySessionsError(Exception):
    """The server has as many sessions as it may."""


class _NoImpersonation:
    """pyftpdlib's authorizer: users are no users of this machine, and what they may do is asked elsewhere."""

    def impersonate_user(self, username: str, password: str) -> None: ...
    def terminate_impersonation(self, username: str) -> None: ...
    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:  # noqa: ARG002
        return True

    def get_msg_quit(self, username: str) -> str:  # noqa: ARG002
        return "Goodbye."


class ControlChannel(OneWayClose, TLS_FTPHandler):
    """Commands and replies are pyftpdlib's where nothing else is said here."""

    authorizer = _NoImpersonation()
    dtp_handler = DataChannel
    passive_dtp = PassiveListener
    timeout = 0  # `_look` does it: pyftpdlib's timer would be in the thread that accepts connections
    auth_failed_timeout = 0
    unicode_errors = "strict"
    use_sendfile = False
    _look_timer: Any = None
    _in_dtp_queue: Any
    _out_dtp_queue: Any

    def __init__(self, conn: socket.socket, server: Any, ioloop: Any = None) -> None:
        self.shared: Shared = server.shared
        config = self.shared.config
        self._plain_socket = conn
        self._session: Session | None = None
        self._s3: S3Filesystem | None = None
        self._active_at = self.shared.now()
        self.max_login_attempts = config.login_attempts
        self.passive_ports = config.passive_ports and range(
            config.passive_ports[0], config.passive_ports[1] + 1
        )
        self.masquerade_address = None if config.passive_ip in ("", "AUTO") else config.passive_ip
        self.tls_control_required = "FTP" not in config.protocols
        self.proto_cmds = commands.WITH_TLS if self.shared.tls else commands.WITHOUT_TLS
        super().__init__(conn, server, ioloop)
        self.ssl_context = self.shared.tls
        self._extra_feats = ["AUTH TLS", "PBSZ", "PROT"] if self.shared.tls else []
        self._available_facts = list(listings.FACTS)
        self._current_facts = list(listings.FACTS)
        self._current_type = "i"

    @staticmethod
    def get_ssl_context() -> None:
        """It is the server's, see `Shared`."""

    @property
    def protocol(self) -> FtpProtocol:
        return "FTPS" if isinstance(self.socket, SSL.Connection) else "FTP"

    # The connection

    def add_channel(self, map: Any = None, events: Any = None) -> None:
        """Called in the thread that accepts, then in the session's own, which looks at the time from then."""
        super().add_channel(map, events)
        if self._look_timer is None and self.ioloop is not self.server.ioloop:
            self._look_timer = self.ioloop.call_every(_LOOK_EVERY_S, self._look, _errback=self.handle_error)

    def _look(self) -> None:
        """Transfer Family ends a session after 1,800 s without activity, whatever it speaks:
        https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html
        """
        config = self.shared.config
        if self.data_channel is not None and self.data_channel.is_busy:
            self._active_at = self.shared.now()
        limit_s = config.login_timeout_s if self._session is None else config.idle_timeout_s
        if self.shared.now() - self._active_at < limit_s:
            return
        if session := self._session:
            self.shared.bridge.call(lambda: session.records.exit_reason(IDLE))
        self.handle_timeout()

    def handle(self) -> None:
        self.reply(220, self.shared.config.pre_authentication_login_banner or GREETING)

    def handle_max_cons(self) -> None:
        self._tell_rejection()
        super().handle_max_cons()

    def _tell_rejection(self) -> None:
        """In the event loop: it accepts, and logs in."""
        log = self.shared.services.records.log
        log.connection_rejected(source_ip=self.remote_ip, message=TOO_MANY_SESSIONS)

    def tell_resume_failure(self) -> None:
        log = self.shared.services.records.log
        self.shared.bridge.call(
            lambda: log.tls_resume_failure(source_ip=self.remote_ip, message="TLS session was not resumed")
        )

    def client_is_gone(self) -> bool:
        """Tell whether the client has closed this connection, without taking anything from it. In the clear
        it is given a moment to do so: of a process that is killed, Linux closes the data connection first.
        """
        try:
            if self.protocol == "FTP":
                _wait_for_input(self._plain_socket, _LEAVING_S)
            return self._plain_socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        if self._closed:
            return
        if self.data_channel is not None:
            self.data_channel.end_file()
        if self._look_timer is not None and not self._look_timer.cancelled:
            self._look_timer.cancel()
        super().close()
        session, self._session = self._session, None
        if session is not None:
            self.shared.bridge.call(lambda: self._end(session))

    def _end(self, session: Session) -> None:
        self.shared.services.open_sessions -= 1
        session.records.disconnected()

    # Commands

    def reply(self, code: int, text: str) -> None:
        """Send a reply of one line or more (RFC 959, 4.2)."""
        *first, last = text.splitlines() or [""]
        for line in first:
            self.push(f"{code}-{line}\r\n")
        self.respond(f"{code} {last}")

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Line breaks end commands, so that what has one within it could only mislead."""
        self._active_at = self.shared.now()
        if {"\r", "\n", "\0"} & set(line):
            self.respond("501 Invalid character in command.")
        else:
            super().pre_process_command(line, cmd, arg)

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        if cmd in ("PASV", "EPSV") and self.protocol == "FTPS" and not self._prot:
            self.respond("521 Data connections must be protected: send PROT P first.")
        elif cmd in commands.OF_TRANSFERS and (refusal := self._refusal()):
            self.respond(refusal)
        else:
            super().process_command(cmd, *args, **kwargs)

    def _refusal(self) -> str:
        if self.data_channel is None and self._dtp_acceptor is None:
            return "425 Use PASV or EPSV first."
        is_busy = self.data_channel is not None and self.data_channel.is_busy
        if is_busy or self._in_dtp_queue or self._out_dtp_queue:
            return "450 Another transfer is under way."
        return ""

    def _shutdown_connecting_dtp(self) -> None:
        super()._shutdown_connecting_dtp()
        self.drop_waiting()

    def drop_waiting(self) -> None:
        """End files that wait for a data connection which does not come."""
        waiting = (self._in_dtp_queue or (None,))[0], (self._out_dtp_queue or (None,) * 3)[2]
        self._in_dtp_queue = self._out_dtp_queue = None
        for file in waiting:
            if file is not None:
                file.close()

    def ftp_PROT(self, line: str) -> None:
        """PROT C is not supported (transfer-file.html)."""
        if line.upper() == "C" and self.protocol == "FTPS":
            self.respond("534 PROT C is not supported: use PROT P.")
        else:
            super().ftp_PROT(line)

    def ftp_TYPE(self, line: str) -> None:
        """Only the image type is supported (transfer-file.html). Clients send TYPE A before listings, and
        many before everything, so it is answered; files go as they are all the same.
        """
        super().ftp_TYPE(line)
        self._current_type = "i"

    def ftp_LANG(self, line: str) -> None:
        """RFC 2640."""
        known = line.upper() in ("", "EN", "EN-US")
        self.respond("200 Replies are in English." if known else "504 Only EN is supported.")

    # Login

    def ftp_USER(self, line: str) -> None:
        if self.authenticated:
            self.respond("530 Cannot change to another user.")
        else:
            super().ftp_USER(line)

    def ftp_PASS(self, line: str) -> None:
        if self.authenticated or not self.username:
            self.respond("503 Login with USER first.")
            return
        try:
            session = self.shared.bridge.run(self._log_in(self.username, line))
        except TooManySessionsError:
            self.respond(f"421 {TOO_MANY_SESSIONS}.")
            self.close_when_done()
            return
        if session is None:
            self.handle_auth_failed(WRONG_PASSWORD, "")
        else:
            self._admit(session)

    async def _log_in(self, name: str, password: str) -> Session | None:
        services = self.shared.services
        login = services.authenticator.login(self.remote_ip, self.protocol)
        login.begin(name)
        if not (await login.try_password(password) and login.proved()) or login.user is None:
            services.records.log.auth_failure(
                user=name, source_ip=self.remote_ip, method="password", message=WRONG_PASSWORD
            )
            return None
        if services.open_sessions >= self.shared.config.max_sessions:
            self._tell_rejection()
            raise TooManySessionsError
        services.open_sessions += 1
        session = sessions.begin(login.user, self.remote_ip, services, self.protocol)
        session.records.connected(_describe(login.user, self.remote_ip))
        return session

    def _admit(self, session: Session) -> None:
        self._session, self.authenticated = session, True
        self.fs = SessionFilesystem(S3Filesystem(session), self.shared.bridge, self)
        self.reply(230, self.shared.config.post_authentication_login_banner or WELCOME)

    # Listings

    def ftp_LIST(self, path: str) -> None:
        self._send_listing("LIST", path, listings.long_line)

    def ftp_NLST(self, path: str) -> None:
        self._send_listing("NLST", path, listings.plain_name)

    def ftp_MLSD(self, path: str) -> None:
        """RFC 3659, 7.2.1: 501 when it is not a folder."""
        if self.fs.isfile(path):
            self.respond("501 Not a directory.")
        else:
            self._send_listing("MLSD", path, self._facts_line)

    def ftp_MLST(self, path: str) -> None:
        try:
            attrs = self.fs.attributes(path)
        except FilesystemError as exc:
            self.respond(f"550 {exc}.")
            return
        self.push(f'250-Listing "{path}":\r\n')
        self.push(f" {self._facts_line(SFTPName(path.encode(), b'', attrs))}\r\n")
        self.respond("250 End MLST.")

    def ftp_STAT(self, path: str) -> None:
        if not path:
            super().ftp_STAT(path)
            return
        try:
            names = self._names(path)
        except FilesystemError as exc:
            self.respond(f"550 {exc}.")
            return
        self.push(f'213-Status of "{path}":\r\n')
        self.push_with_producer(listings.Listing(self.fs, names, listings.long_line))
        self.respond("213 End of status.")

    def _send_listing(self, command: str, path: str, to_line: listings.ToLine) -> None:
        try:
            names = self._names(path)
        except FilesystemError as exc:
            self.respond(f"550 {exc}.")
            return
        self.push_dtp_data(listings.Listing(self.fs, names, to_line), isproducer=True, cmd=command)

    def _names(self, path: str) -> AsyncIterator[SFTPName]:
        """:raises FilesystemError: there is nothing, or the user may not look"""
        fs: SessionFilesystem = self.fs
        if not fs.isfile(path):
            return fs.folder(path)
        name = attributes.entry(path.rpartition("/")[2], fs.attributes(path), clock.now())
        return listings.only(name)

    def _facts_line(self, name: SFTPName) -> str:
        return listings.facts_line(name, self._current_facts)


def _wait_for_input(sock: socket.socket, timeout_s: float) -> None:
    """Wait until there is something to read, or the end. (`select` itself takes no files above 1,023.)"""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    poller.poll(timeout_s * 1000)


def _describe(user: User, source_ip: str) -> Connected:
    return Connected(
        role=user.role_arn,
        ciphers="",
        client="",
        source_ip=source_ip,
        public_key="",
        public_key_fingerprint="",
        public_key_type="",
        user=user.name,
        kex="",
        home_dir=user.home_directory if user.home_directory_type == "PATH" else "/",
        user_policy=user.policy,
    )
