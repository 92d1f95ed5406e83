"""One SSH connection: key exchange, login, channels, and what the log says about them."""

from __future__ import annotations

import re
from typing import Any

import asyncssh

from harness.sftp import asyncssh_details
from harness.sftp import session as sessions
from harness.sftp.authentication import describe_key
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import LoginAttempt, User
from harness.sftp.protocol import SftpChannel
from harness.sftp.services import Services
from harness.sftp.session import Session
from harness.sftp.session_log import Connected

_KEX_MESSAGE = re.compile(r"No matching (?P<what>.+) algorithm found, sent .* and received (?P<offered>\S+)")
_KEX_NAMES = {
    "key exchange": "no matching key exchange method found",
    "server host key": "no matching host key type found",
    "encryption": "no matching cipher found",
    "MAC": "no matching MAC found",
    "compression": "no matching compression method found",
}

_SIGNATURES_PER_ATTEMPT = 2
"""A client may ask whether a key is welcome before it signs; one that never signs rightly is stopped too."""


class TransferConnection(asyncssh.SSHServer):
    """asyncssh's owner of one connection."""

    def __init__(self, services: Services, connections: set[TransferConnection]) -> None:
        self._services = services
        self._connections = connections
        self._failures = 0
        self._signatures_asked = 0
        self._allowed = services.config.login_attempts
        self._login: tuple[User, asyncssh.SSHKey] | None = None
        self._kex = ""
        self._source_ip = ""
        self.session: Session | None = None
        self.ssh: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.ssh = conn
        self._connections.add(self)
        peer = conn.get_extra_info("peername")
        self._source_ip = str(peer[0]) if peer else ""
        asyncssh_details.note_key_exchange(conn, self._set_kex)
        asyncssh_details.spare_needless_work(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if isinstance(exc, asyncssh.KeyExchangeFailed):
            self._log_kex_failure(str(exc))
        if self.session is not None:
            if exc is not None:
                self.session.log.exit_reason(str(exc))
            self.session.log.disconnected()

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        banner = self._services.config.pre_authentication_login_banner
        if self.ssh is not None:
            asyncssh_details.allow_another_service_request(self.ssh)
            if banner:
                self.ssh.send_auth_banner(banner)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        attempt = LoginAttempt(username, self._source_ip, public_key=key)
        user = await self._services.authenticator.by_key(attempt, key)
        if user is None:
            self._refuse(username, key)
            return False
        self._login = (user, key)
        self._signatures_asked += 1
        self._disconnect_after(self._signatures_asked, _SIGNATURES_PER_ATTEMPT * self._allowed)
        return True

    def auth_completed(self) -> None:
        if self._login is None or self.ssh is None:
            return
        user, key = self._login
        self.session = sessions.begin(user, self._source_ip, self._services)
        self.session.log.connected(self._describe(user, key))

    def session_requested(self) -> Any:
        if self.session is None:
            return False
        return SftpChannel(
            S3Filesystem(self.session), max_handles=self._services.config.max_handles_per_session
        )

    def _info(self, name: str) -> str:
        return str(self.ssh.get_extra_info(name, "")) if self.ssh is not None else ""

    def _refuse(self, username: str, key: asyncssh.SSHKey) -> None:
        self._services.records.log.auth_failure(
            user=username, source_ip=self._source_ip, method="publickey", message=describe_key(key)
        )
        if self.ssh is not None:
            asyncssh_details.allow_another_service_request(self.ssh)
        self._failures += 1
        self._disconnect_after(self._failures, self._allowed)

    def _disconnect_after(self, count: int, limit: int) -> None:
        if count >= limit and self.ssh is not None:
            self.ssh.disconnect(asyncssh.DISC_PROTOCOL_ERROR, "Too many authentication failures")

    def _describe(self, user: User, key: asyncssh.SSHKey) -> Connected:
        return Connected(
            role=user.role_arn,
            ciphers=f"{self._info('recv_cipher')},{self._info('send_cipher')}",
            client=self._info("client_version"),
            source_ip=self._source_ip,
            public_key=key.export_public_key("openssh").decode().split()[1],
            public_key_fingerprint=key.get_fingerprint(),
            public_key_type=key.get_algorithm(),
            user=user.name,
            kex=self._kex,
        )

    def _set_kex(self, algorithm: str) -> None:
        self._kex = algorithm

    def _log_kex_failure(self, text: str) -> None:
        match = _KEX_MESSAGE.search(text)
        message = _KEX_NAMES.get(match["what"], text) if match else text
        self._services.records.log.kex_failure(
            source_ip=self._source_ip, message=message, offered=match["offered"] if match else ""
        )
