"""SSH sessions of the customers: kept open, opened when needed, given up when broken.

A file on a reused session takes an idle one of its customer; while all of them are busy, another is opened up
to a bound. Beyond the bound, files share the least busy session: SFTP carries many uploads on one, although a
server may serve them in turn (asyncssh does). No file is held back here. All of it runs on the asyncio loop.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncssh

from harness import clock
from harness.exceptions import UsageError
from harness.host_key import NO_KNOWN_HOSTS, OneHostKey
from harness.load.behaviours.model import Behaviour, by_kind
from harness.load.behaviours.sending import send_as
from harness.load.config import Login, SftpTarget
from harness.load.ledger_format import Event
from harness.load.upload import ClientAbortedError, Result, Upload, failure, leaves_session_usable

_LEAVE_TIMEOUT_S = 5.0
_CHEAP_ENCRYPTION = "^aes128-gcm@openssh.com"
_CHEAP_KEY_EXCHANGE = "^curve25519-sha256"
"""Preferred, not required: what costs the generator least CPU (see benchmarks/load_generator.py)."""


@dataclass(frozen=True)
class SessionLimits:
    """Bounds on connections."""

    connect_timeout_s: float
    upload_timeout_s: float
    sessions_per_customer: int
    open_sessions: int
    """Over all customers; the one that has been idle longest makes room."""


class _HostCheck(OneHostKey):
    """Tells, too, when the connection is gone."""

    def __init__(self, fingerprint: str, on_lost: Callable[[], None]) -> None:
        super().__init__(fingerprint)
        self._on_lost = on_lost

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._on_lost()


class Session:
    """One connection with its SFTP subsystem."""

    def __init__(self, target: SftpTarget, login: Login, key: asyncssh.SSHKey, timeout_s: float) -> None:
        self._target, self._login, self._key, self._timeout_s = target, login, key, timeout_s
        self._connection: asyncssh.SSHClientConnection | None = None
        self.uploads = 0
        self.usable = True
        self._opening = asyncio.ensure_future(self._open())
        # Everybody who waits for the opening may have given up by the time it fails.
        self._opening.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def sftp(self) -> asyncssh.SFTPClient:
        """Return the SFTP client, as soon as the session is open; raises what opening raised."""
        return await asyncio.shield(self._opening)

    def retire(self) -> None:
        """Take no further upload."""
        self.usable = False

    async def close(self) -> None:
        """Leave politely, or drop the connection when the server does not answer; never raises."""
        self.retire()
        self._opening.cancel()
        if self._connection is None:
            return
        self._connection.close()
        try:
            async with asyncio.timeout(_LEAVE_TIMEOUT_S):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()

    def abort(self) -> None:
        """Drop the connection at once, as a client that dies does."""
        self.retire()
        if self._connection is not None:
            self._connection.abort()

    async def _open(self) -> asyncssh.SFTPClient:
        try:
            async with asyncio.timeout(self._timeout_s):
                self._connection = await asyncssh.connect(
                    self._target.host,
                    self._target.port,
                    username=self._login.name,
                    client_keys=[self._key],
                    client_factory=lambda: _HostCheck(self._target.host_key_fingerprint, self.retire),
                    known_hosts=NO_KNOWN_HOSTS,
                    config=None,
                    agent_path=None,
                    gss_host=None,
                    preferred_auth="publickey",
                    compression_algs=None,
                    encryption_algs=_CHEAP_ENCRYPTION,
                    kex_algs=_CHEAP_KEY_EXCHANGE,
                )
                return await self._connection.start_sftp_client()
        except BaseException:
            self.abort()
            raise


class SftpClients:
    """Uploads files for all customers.

    :param on_started: called when work on a file begins
    :param behaviours: of the workload; a file names its own by its kind
    :raises UsageError: a private key cannot be read
    """

    def __init__(
        self,
        target: SftpTarget,
        logins: Sequence[Login],
        limits: SessionLimits,
        on_started: Callable[[Upload], None],
        behaviours: Sequence[Behaviour] = (),
    ) -> None:
        self._target, self._limits, self._on_started = target, limits, on_started
        self._behaviours = by_kind(behaviours)
        self._logins = {login.name: (login, _private_key(login)) for login in logins}
        self._reused: defaultdict[str, list[Session]] = defaultdict(list)
        self._kept: set[Session] = set()
        """All of them that are to stay open."""
        self._idle: dict[Session, None] = {}
        """Those of them without an upload; first the one that has been so longest."""
        self._running: set[asyncio.Task[Any]] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    async def upload(self, upload: Upload) -> Result:
        """Upload one file. Failures are results; only a defect of this program raises."""
        self._on_started(upload)
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        session = self._session_for(upload)
        session.uploads += 1
        try:
            await self._send(await session.sftp(), upload)
            return Result(Event.UPLOADED, clock.now())
        except ClientAbortedError as exc:
            session.abort()
            return failure(upload.phase, exc)
        except (asyncssh.Error, OSError, asyncio.CancelledError) as exc:
            if not leaves_session_usable(upload.phase, exc):
                session.retire()
            return failure(upload.phase, exc)
        finally:
            self._running.discard(task)
            self._release(session)

    async def _send(self, sftp: asyncssh.SFTPClient, upload: Upload) -> None:
        behaviour = self._behaviours.get(upload.arrival.kind)
        longer_s = behaviour.longer_s if behaviour else 0.0
        async with asyncio.timeout(self._limits.upload_timeout_s + longer_s):
            await send_as(sftp, upload, behaviour)

    async def cut_off(self) -> None:
        """End what is still running; it comes back as aborted or failed, with the cause `Stopped`."""
        for task in self._running:
            task.cancel()

    async def close(self) -> None:
        """Leave all sessions; a server that does not answer is given a few seconds."""
        for session in list(self._kept):
            self._leave(session)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _session_for(self, upload: Upload) -> Session:
        customer = upload.arrival.customer_id
        if upload.arrival.fresh_session:
            session = self._new_session(customer)
            session.retire()
            return session
        pool = self._usable(customer)
        quietest = min(pool, key=lambda session: session.uploads, default=None)
        if quietest is None or (quietest.uploads and len(pool) < self._limits.sessions_per_customer):
            self._make_room()
            quietest = self._new_session(customer)
            pool.append(quietest)
            self._kept.add(quietest)
        self._idle.pop(quietest, None)
        return quietest

    def _usable(self, customer: str) -> list[Session]:
        """Return the customer's open sessions, and forget those that have died without an upload."""
        for session in self._reused[customer]:
            if not session.usable and not session.uploads:
                self._kept.discard(session)
                self._idle.pop(session, None)
        self._reused[customer] = [session for session in self._reused[customer] if session.usable]
        return self._reused[customer]

    def _new_session(self, customer: str) -> Session:
        login, key = self._logins[customer]
        return Session(self._target, login, key, self._limits.connect_timeout_s)

    def _make_room(self) -> None:
        """Close the session that has been idle longest when there are too many; a busy one never."""
        while self._idle and len(self._kept) >= self._limits.open_sessions:
            self._leave(next(iter(self._idle)))

    def _release(self, session: Session) -> None:
        session.uploads -= 1
        if session.uploads:
            return
        if not session.usable:
            self._leave(session)
        elif session in self._kept:
            self._idle[session] = None

    def _leave(self, session: Session) -> None:
        session.retire()
        self._kept.discard(session)
        self._idle.pop(session, None)
        task = asyncio.ensure_future(session.close())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _private_key(login: Login) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(login.private_key_file)
    except (OSError, asyncssh.KeyImportError) as exc:
        raise UsageError(f"the private key of {login.name} cannot be read: {exc}") from exc
