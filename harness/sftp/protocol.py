"""SFTP version 3 as Transfer Family speaks it, on asyncssh's packet code.

Differences from asyncssh's own server: no extension is advertised or answered, files of a client that went
away are abandoned instead of closed, a folder that does not exist fails at OPENDIR, and the number of
handles is bounded. Everything here that is private to asyncssh is pinned by
`tests/unit/sftp/test_protocol.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from asyncssh import (
    SFTPAttrs,
    SFTPBadMessage,
    SFTPFailure,
    SFTPInvalidHandle,
    SFTPNoConnection,
    SFTPServer,
    SSHReader,
    SSHServerChannel,
    SSHWriter,
)
from asyncssh.packet import SSHPacket
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

from harness.sftp.asyncssh_details import silence_packet_log
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.handles import OpenFile
from harness.sftp.idle import IdleWatch
from harness.sftp.records.session import SessionRecords
from harness.sftp.wire.answers import Answers
from harness.sftp.wire.connection import Wire
from harness.sftp.wire.requests import RequestQueue

SFTP_VERSION = 3
_VERSION_3_REQUESTS = frozenset(range(3, 21))
"""OPEN to SYMLINK: https://datatracker.ietf.org/doc/html/draft-ietf-secsh-filexfer-02#section-3"""

_NO_ATTRIBUTES = bytes(4)
_EMPTY = SFTPAttrs()


class TransferHandler(SFTPServerHandler):
    """Serves the requests of one channel, one after the other."""

    _extensions: list[tuple[bytes, bytes]] = []  # noqa: RUF012  (as asyncssh declares it)

    def __init__(
        self,
        filesystem: S3Filesystem,
        reader: SSHReader[bytes],
        writer: SSHWriter[bytes],
        *,
        max_handles: int,
        idle: IdleWatch,
        requests: RequestQueue,
    ) -> None:
        super().__init__(cast(SFTPServer, filesystem), reader, writer, SFTP_VERSION)
        self._requests = requests
        self._answers = Answers(writer)
        self._first = True
        self._idle = idle
        self._filesystem = filesystem
        self._max_handles = max_handles
        silence_packet_log(self)

    async def run(self) -> None:
        """Serve until the channel ends, whatever ends it. asyncssh would end the whole connection when a
        channel ends before its first packet.
        """
        try:
            await super().run()
        except (EOFError, OSError):
            await self._cleanup(None)
        finally:
            self._abandon_files("session ended")

    async def recv_packet(self) -> SSHPacket:
        """Return the next request.

        :raises SFTPBadMessage: the first one asks for a version before 3, which asyncssh would agree to and
            then not know (no client of this century does)
        """
        packet = await self._requests.take()
        if self._first:
            self._first = False
            _refuse_old_versions(packet.get_full_payload())
        return packet

    def send_packet(self, pkttype: int, pktid: int | None, *args: bytes) -> None:  # noqa: ARG002
        if self._writer is None:
            raise SFTPNoConnection("Connection not open")
        size = 1 + sum(map(len, args))
        self._answers.add(size.to_bytes(4, "big"), bytes((pkttype,)), *args)

    async def _process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        """Answer one request, and take the next only when the client has room for more answers: one that
        asks for data and never reads it must not fill our memory.
        """
        with self._idle.request():
            await super()._process_packet(pkttype, pktid, packet)
        if self._writer is not None:
            await self._writer.drain()

    async def _cleanup(self, exc: Exception | None) -> None:
        self._abandon_files(f"session ended: {exc}" if exc else "session ended")
        self._answers.send()
        if exc is None and self._writer is not None:
            # `scp` takes a missing exit status for a failure.
            cast(SSHServerChannel[bytes], self._writer.channel).exit(0)
        await super()._cleanup(exc)

    def _abandon_files(self, reason: str) -> None:
        files, self._file_handles = self._file_handles, {}
        for file in files.values():
            cast(OpenFile, file).abandon(reason)

    def _get_next_handle(self) -> bytes:
        if len(self._file_handles) + len(self._dir_handles) >= self._max_handles:
            raise SFTPFailure("Too many open files")
        return super()._get_next_handle()

    async def _process_open(self, packet: SSHPacket) -> bytes:
        handle = self._get_next_handle()
        path, flags = packet.get_string(), packet.get_uint32()
        attrs = _attributes(packet)
        self._file_handles[handle] = await self._filesystem.open(path, flags, attrs)
        return handle

    async def _process_write(self, packet: SSHPacket) -> int:
        """Take a write whatever follows its data: rclone's library pads the last write of a buffer with the
        rest of that buffer, and OpenSSH's server does not look at it.
        """
        handle, offset, data = packet.get_string(), packet.get_uint64(), packet.get_string()
        file = self._file_handles.get(handle)
        if file is None:
            raise SFTPInvalidHandle("Invalid file handle")
        return await self._filesystem.write(cast(OpenFile, file), offset, data)

    async def _process_opendir(self, packet: SSHPacket) -> bytes:
        handle = self._get_next_handle()
        path = packet.get_string()
        packet.check_end()
        self._dir_handles[handle] = await self._filesystem.opendir(path)
        return handle


TransferHandler._packet_handlers = {
    request: getattr(TransferHandler, handler.__name__)
    for request, handler in SFTPServerHandler._packet_handlers.items()
    if request in _VERSION_3_REQUESTS and handler is not None
}


def _attributes(packet: SSHPacket) -> SFTPAttrs:
    """Decode the rest of a request; most clients send none, and to decode that costs as much as the rest."""
    if packet.get_remaining_payload() == _NO_ATTRIBUTES:
        return _EMPTY
    attrs = SFTPAttrs.decode(packet, SFTP_VERSION)
    packet.check_end()
    return attrs


def _refuse_old_versions(init: bytes) -> None:
    if int.from_bytes(init[1:5], "big") < SFTP_VERSION:
        raise SFTPBadMessage("SFTP versions before 3 are not served")


class SftpChannel(SSHServerStreamSession[bytes]):
    """A session channel on which only the `sftp` subsystem starts: no shell, no command, so no SCP."""

    def __init__(
        self,
        filesystem: S3Filesystem,
        *,
        max_handles: int,
        idle: IdleWatch,
        on_end: Callable[[], None],
        wire: Wire,
        records: SessionRecords,
    ) -> None:
        super().__init__(None)
        self._records = records
        self._wire = wire
        self._requests = RequestQueue()
        self._filesystem = filesystem
        self._max_handles = max_handles
        self._idle = idle
        self._on_end = on_end

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002
        if self._chan is not None:
            self._requests.feed(data, cast(SSHServerChannel[bytes], self._chan))

    def eof_received(self) -> bool:
        self._requests.end(None)
        return super().eof_received()

    def exception_received(self, exc: Exception) -> None:
        """Signals, breaks and sizes of a terminal mean nothing here, and must not be collected."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._requests.end(exc)
        super().connection_lost(exc)
        self._on_end()

    def shell_requested(self) -> bool:
        return False

    def exec_requested(self, command: str) -> bool:  # noqa: ARG002
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        chan, connection = self._chan, self._conn
        if chan is None or connection is None:
            return
        silence_packet_log(chan)
        self._wire.add_channel(chan)
        reader, writer = SSHReader[bytes](self, chan), SSHWriter[bytes](self, chan)
        handler = TransferHandler(
            self._filesystem,
            reader,
            writer,
            max_handles=self._max_handles,
            idle=self._idle,
            requests=self._requests,
        )
        self._records.channel_began()
        connection.create_task(self._serve(handler), reader.logger)

    async def _serve(self, handler: TransferHandler) -> None:
        try:
            await handler.run()
        finally:
            self._records.channel_ended()
