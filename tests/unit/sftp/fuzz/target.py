"""One session with a hostile client, and what must hold whatever it sends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from harness.sftp.filesystem import S3Filesystem
from harness.sftp.handles import Upload
from harness.sftp.idle import IdleWatch
from harness.sftp.protocol import TransferHandler
from harness.sftp.storage.base import Metadata
from harness.sftp.wire.requests import MAX_REQUEST_BYTES, MAX_WAITING_BYTES, RequestQueue
from tests.unit.sftp.fuzz.mutations import split
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.rig import Rig

PART_BYTES = 2000
MAX_HANDLES = 8
MAX_ANSWER_BYTES = 4 * 1024 * 1024
INIT, CLOSE = 1, 4
OK = bytes(4)
VERSION, STATUS, HANDLE, DATA, NAME, ATTRS = 2, 101, 102, 103, 104, 105
LAST_STATUS_OF_VERSION_3 = 8

_SILENT = SimpleNamespace(**{name: (lambda *_, **__: None) for name in ("info", "debug1", "debug2")})


class Storage(MemoryStorage):
    """Two uploads of one key at the same time are two uploads, as in S3."""

    async def create_multipart(self, bucket: str, key: str, metadata: Metadata) -> str:
        self.calls.append("create_multipart")
        upload_id = f"{key} {len(self.calls)}"
        self.parts[upload_id] = {}
        return upload_id


class Channel:
    """What the handler sees of its channel; keeps the answers."""

    logger = SimpleNamespace(get_child=lambda _name: _SILENT)

    def __init__(self) -> None:
        self.sent = bytearray()
        self.closed = False
        self.waits = False

    @property
    def channel(self) -> Channel:
        return self

    def get_extra_info(self, _name: str, default: str) -> str:
        return default

    def is_closing(self) -> bool:
        return self.closed

    def exit(self, _status: int) -> None: ...

    def write(self, data: bytes) -> None:
        assert not self.closed, "an answer after the end"
        self.sent += data

    async def drain(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.waits = True

    def resume_reading(self) -> None:
        self.waits = False


class Target:
    """A server in memory that hostile sessions follow each other on."""

    def __init__(self, folder: Path, partial_upload: str) -> None:
        self.rig = Rig(folder, Storage(), partial_upload=partial_upload, part_size_bytes=PART_BYTES)
        self.packets = 0
        self.answers: dict[int, int] = {}
        self._uploads = 0
        self._closed = 0
        self._close_answers = 0
        self._count_closed()

    def _count_closed(self) -> None:
        journal = self.rig.services.journal
        write_line = journal.closed

        def closed(*arguments: Any) -> None:
            self._closed += 1
            write_line(*arguments)

        journal.closed = closed  # type: ignore[method-assign, assignment]

    async def session(self, pieces: list[bytes]) -> None:
        """Serve one client, then check everything.

        :raises AssertionError: something does not hold
        """
        channel, filesystem = Channel(), self._counted(self.rig.filesystem())
        requests = RequestQueue()
        idle = IdleWatch(asyncio.get_running_loop(), 1000.0, lambda: None)
        handler = TransferHandler(
            filesystem,
            cast(Any, channel),
            cast(Any, channel),
            max_handles=MAX_HANDLES,
            idle=idle,
            requests=requests,
        )
        serving = asyncio.ensure_future(handler.run())
        for piece in pieces:
            requests.feed(piece, cast(Any, channel))
            assert len(handler._file_handles) + len(handler._dir_handles) <= MAX_HANDLES
            limit = MAX_WAITING_BYTES + MAX_REQUEST_BYTES + len(piece)
            assert len(requests._bytes) <= limit or channel.waits, "more than a window waits"
            await asyncio.sleep(0)
        requests.end(None)
        async with asyncio.timeout(20):
            await serving
        idle.stop()
        await self.rig.finish()
        self._check_answers(b"".join(pieces), bytes(channel.sent))
        self._check_left_overs(handler, channel)

    def _counted(self, filesystem: S3Filesystem) -> S3Filesystem:
        open_file = filesystem.open

        async def open_and_count(*arguments: Any) -> Any:
            file = await open_file(*arguments)
            self._uploads += isinstance(file, Upload)
            return file

        filesystem.open = open_and_count  # type: ignore[method-assign, assignment]
        return filesystem

    def _check_answers(self, received: bytes, sent: bytes) -> None:
        """Every whole request has one valid answer, in order, up to where the client was given up."""
        asked, told = split(received), split(sent)
        self.packets += len(asked)
        assert sum(4 + len(answer) for answer in told) == len(sent), "a torn answer"
        assert len(told) <= len(asked)
        for request, answer in zip(asked, told, strict=False):
            self._check_answer(request, answer)

    def _check_answer(self, request: bytes, answer: bytes) -> None:
        kind = answer[0]
        self.answers[kind] = self.answers.get(kind, 0) + 1
        assert len(answer) <= MAX_ANSWER_BYTES
        assert kind in (VERSION, STATUS, HANDLE, DATA, NAME, ATTRS)
        if kind == VERSION:
            assert request[0] == INIT
            return
        assert answer[1:5] == request[1:5], "the id of another request"
        if kind == STATUS:
            assert int.from_bytes(answer[5:9], "big") <= LAST_STATUS_OF_VERSION_3
            assert b"Uncaught" not in answer, answer
            self._close_answers += request[0] == CLOSE and answer[5:9] == OK

    def _check_left_overs(self, handler: TransferHandler, channel: Channel) -> None:
        rig = self.rig
        assert channel.closed
        assert handler._file_handles == {}
        assert handler._dir_handles == {}
        assert rig.services.open_uploads == set()
        assert rig.storage.parts == {}, "parts were left"
        assert self._closed <= self._close_answers, "a file that nobody closed counts as whole"

    def end(self) -> None:
        """Close the books: each upload has its line, each object its upload."""
        self.rig.close()
        lines = self.rig.journal()
        ends = [line for line in lines if line["event"] in ("closed", "partial", "aborted")]
        assert len(ends) == self._uploads, "an upload without its line, or with two"
        visible = {line["key"] for line in lines if line["event"] in ("closed", "partial", "renamed")}
        files = {key for key in self.rig.storage.objects if not key.endswith("/")}
        assert files <= visible, files - visible
