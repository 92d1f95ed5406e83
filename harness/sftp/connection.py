"""One SSH connection: key exchange, login, channels, and what the log says about them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import asyncssh

from harness.sftp import asyncssh_details
from harness.sftp import session as sessions
from harness.sftp.attempts import AttemptLimit
from harness.sftp.authentication import Login, describe_key
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import User
from harness.sftp.idle import IdleWatch
from harness.sftp.protocol import SftpChannel
from harness.sftp.services import Services
from harness.sftp.session import Session
from harness.sftp.session_log import Connected
from harness.sftp.wire.connection import Wire

_KEX_MESSAGE = re.compile(r"No matching (?P<what>.+) algorithm found, sent .* and received (?P<offered>\S+)")
_KEX_NAMES = {
    "key exchange": "no matching key exchange method found",
    "server host key": "no matching host key type found",
    "encryption": "no matching cipher found",
    "MAC": "no matching MAC found",
    "compression": "no matching compression method found",
}

WRONG_PASSWORD = "Invalid user name or password"  # noqa: S105  (the text, not a secret)
TOO_MANY_FAILURES = "Too many authentication failures"
"""Both as AWS words them: https://docs.aws.amazon.com/transfer/latest/userguide/auth-issues.html"""

IDLE = "Idle timeout"
TOO_MANY_SESSIONS = "Too many sessions"
TOO_MANY_CHANNELS = "Too many SFTP sessions on this connection"
"""AWS publishes no text for these three."""


class TransferConnection(asyncssh.SSHServer):
    """asyncssh's owner of one connection."""

    def __init__(self, services: Services, connections: set[TransferConnection]) -> None:
        self._services = services
        self._connections = connections
        self._attempts = AttemptLimit(services.config.login_attempts)
        self._login: Login | None = None
        self._kex = ""
        self._source_ip = ""
        self._channels = 0
        self._idle: IdleWatch | None = None
        self._wire: Wire | None = None
        self.session: Session | None = None
        self.ssh: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.ssh = conn
        self._connections.add(self)
        peer = conn.get_extra_info("peername")
        self._source_ip = str(peer[0]) if peer else ""
        self._services.admission.enter(self, self._source_ip, conn.abort)
        self._login = login = self._services.authenticator.login(self._source_ip)
        asyncssh_details.ask_before_each_login_request(conn, self._may_try)
        asyncssh_details.ask_before_success(conn, login.proved)
        asyncssh_details.refuse_other_signatures(conn)
        asyncssh_details.note_key_exchange(conn, self._set_kex)
        asyncssh_details.silence_packet_log(conn)
        self._wire = Wire(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._services.admission.leave(self, self._source_ip)
        if self._login is not None:
            self._login.end()
        if isinstance(exc, asyncssh.KeyExchangeFailed):
            self._log_kex_failure(str(exc))
        if self._idle is not None:
            self._idle.stop()
        if self.session is not None:
            self._services.open_sessions -= 1
            if exc is not None:
                self.session.records.exit_reason(str(exc))
            self.session.records.disconnected()

    def begin_auth(self, username: str) -> bool:
        banner = self._services.config.pre_authentication_login_banner
        if self._login is not None:
            self._login.begin(username)
        if self.ssh is not None and banner:
            self.ssh.send_auth_banner(banner)
        return True

    def public_key_auth_supported(self) -> bool:
        return self._login is not None and self._login.offers_key

    def password_auth_supported(self) -> bool:
        return self._login is not None and self._login.offers_password

    def kbdint_auth_supported(self) -> bool:
        """Transfer does not offer it: passwords come by the method `password` only."""
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if self._login is not None and await self._login.try_key(key):
            self._attempts.welcome()
            self._disconnect_if_spent()
            return True
        self._refuse(username, "publickey", describe_key(key))
        return False

    async def validate_password(self, username: str, password: str) -> bool:
        if self._login is not None and await self._login.try_password(password):
            return True
        self._refuse(username, "password", WRONG_PASSWORD)
        return False

    def auth_completed(self) -> None:
        self._services.admission.leave(self, self._source_ip)
        if self._login is None or self._login.user is None:
            return
        if self._services.open_sessions >= self._services.config.max_sessions:
            self._reject()
            return
        user = self._login.user
        self._services.open_sessions += 1
        self.session = sessions.begin(user, self._source_ip, self._services)
        self.session.records.connected(self._describe(user, self._login.key))
        self._idle = IdleWatch(
            asyncio.get_running_loop(), self._services.config.idle_timeout_s, self._end_idle_session
        )

    def _reject(self) -> None:
        self._services.records.log.connection_rejected(source_ip=self._source_ip, message=TOO_MANY_SESSIONS)
        if self.ssh is not None:
            self.ssh.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, TOO_MANY_SESSIONS)

    def _end_idle_session(self) -> None:
        if self.session is not None:
            self.session.records.exit_reason(IDLE)
        if self.ssh is not None:
            self.ssh.disconnect(asyncssh.DISC_BY_APPLICATION, IDLE)

    def session_requested(self) -> Any:
        """:raises asyncssh.ChannelOpenError: the connection has as many SFTP sessions as Transfer allows"""
        config = self._services.config
        if self.session is None or self._idle is None or self._wire is None:
            return False
        if self._channels >= config.max_channels_per_connection:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_RESOURCE_SHORTAGE, TOO_MANY_CHANNELS)
        self._channels += 1
        return SftpChannel(
            S3Filesystem(self.session),
            max_handles=config.max_handles_per_session,
            idle=self._idle,
            on_end=self._channel_ended,
            wire=self._wire,
            records=self.session.records,
        )

    def _channel_ended(self) -> None:
        self._channels -= 1

    def _info(self, name: str) -> str:
        return str(self.ssh.get_extra_info(name, "")) if self.ssh is not None else ""

    def _may_try(self, method: str) -> bool:
        if self.ssh is not None:
            asyncssh_details.allow_another_service_request(self.ssh)
        may = self._attempts.begin(method)
        self._disconnect_if(not may)
        return may

    def _refuse(self, username: str, method: str, message: str) -> None:
        self._services.records.log.auth_failure(
            user=username, source_ip=self._source_ip, method=method, message=message
        )
        self._disconnect_if_spent()

    def _disconnect_if_spent(self) -> None:
        self._disconnect_if(self._attempts.are_spent)

    def _disconnect_if(self, condition: bool) -> None:
        if condition and self.ssh is not None:
            self.ssh.disconnect(asyncssh.DISC_PROTOCOL_ERROR, TOO_MANY_FAILURES)

    def _describe(self, user: User, key: asyncssh.SSHKey | None) -> Connected:
        return Connected(
            role=user.role_arn,
            ciphers=f"{self._info('recv_cipher')},{self._info('send_cipher')}",
            client=self._info("client_version"),
            source_ip=self._source_ip,
            public_key=key.export_public_key("openssh").decode().split()[1] if key else "",
            public_key_fingerprint=key.get_fingerprint() if key else "",
            public_key_type=key.get_algorithm() if key else "",
            user=user.name,
            kex=self._kex,
            home_dir=user.home_directory if user.home_directory_type == "PATH" else "/",
            user_policy=user.policy,
        )

    def _set_kex(self, algorithm: str) -> None:
        self._kex = algorithm

    def _log_kex_failure(self, text: str) -> None:
        match = _KEX_MESSAGE.search(text)
        message = _KEX_NAMES.get(match["what"], text) if match else text
        self._services.records.log.kex_failure(
            source_ip=self._source_ip, message=message, offered=match["offered"] if match else ""
        )
