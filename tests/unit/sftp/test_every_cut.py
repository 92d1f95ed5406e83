"""A session that is cut after any byte of the client: never an object that is neither whole nor told to be
partial.
"""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.sftp.idle import IdleWatch
from harness.sftp.protocol import TransferHandler
from harness.sftp.wire.requests import RequestQueue
from tests.unit.sftp.rig import Rig

pytestmark = pytest.mark.unit

KEY = "alice/file"
CONTENT = bytes(range(130))
WRITE_BYTES = 13
INIT, OPEN, CLOSE, WRITE = 1, 3, 4, 6
WRITE_CREAT_TRUNC = 2 | 8 | 16


def _packet(kind: int, *fields: int | bytes) -> bytes:
    """An SFTP packet of 32-bit numbers and strings."""
    body = bytes([kind])
    for value in fields:
        body += struct.pack(">I", value) if isinstance(value, int) else struct.pack(">I", len(value)) + value
    return struct.pack(">I", len(body)) + body


def _write(number: int, start: int) -> bytes:
    data = CONTENT[start : start + WRITE_BYTES]
    return _packet(WRITE, number, bytes(4), 0, start, data)


def _session() -> tuple[bytes, list[int]]:
    """What a client sends for one upload, and the length of the file after each byte count that matters."""
    packets = [_packet(INIT, 3), _packet(OPEN, 0, b"/file", WRITE_CREAT_TRUNC, 0)]
    starts = range(0, len(CONTENT), WRITE_BYTES)
    packets += [_write(number, start) for number, start in enumerate(starts, 1)]
    packets.append(_packet(CLOSE, 99, bytes(4)))
    ends: list[int] = []
    for packet in packets:
        ends.append((ends[-1] if ends else 0) + len(packet))
    return b"".join(packets), ends


STREAM, ENDS = _session()


_SILENT = SimpleNamespace(**{name: (lambda *_, **__: None) for name in ("info", "debug1", "debug2")})


class _Reader:
    """What the handler asks its channel."""

    logger = SimpleNamespace(get_child=lambda _name: _SILENT)

    def get_extra_info(self, _name: str, default: str) -> str:
        return default


class _Writer:
    """Takes the answers and drops them."""

    channel = SimpleNamespace(is_closing=lambda: False, exit=lambda _status: None)

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    async def drain(self) -> None: ...


async def _serve(rig: Rig, arrived: bytes) -> None:
    idle = IdleWatch(asyncio.get_running_loop(), 1000.0, lambda: None)
    requests = RequestQueue()
    requests.feed(arrived, cast(Any, None))
    requests.end(None)
    reader, writer = cast(Any, _Reader()), cast(Any, _Writer())
    handler = TransferHandler(rig.filesystem(), reader, writer, max_handles=4, idle=idle, requests=requests)
    await handler.run()
    idle.stop()
    await rig.finish()


def _outcome(folder: Path, setting: str, cut: int) -> tuple[list[dict[str, Any]], dict[str, bytes], Rig]:
    folder.mkdir()
    rig = Rig(folder, partial_upload=setting, part_size_bytes=40)
    asyncio.run(_serve(rig, STREAM[:cut]))
    rig.close()
    return rig.journal(), rig.storage.objects, rig


@pytest.mark.parametrize("setting", ["keep", "discard"])
def test_cut_after_any_byte(tmp_path: Path, setting: str) -> None:
    for cut in range(len(STREAM) + 1):
        lines, objects, rig = _outcome(tmp_path / str(cut), setting, cut)
        complete = sum(end <= cut for end in ENDS)  # packets
        arrived = CONTENT[: max(0, complete - 2) * WRITE_BYTES]
        assert rig.storage.parts == {}, cut
        assert rig.services.open_uploads == set(), cut
        if complete < 2:
            assert (lines, objects) == ([], {}), cut
            continue
        (line,) = lines
        assert line["size_bytes"] == len(arrived), cut
        if complete == len(ENDS):
            assert (line["event"], objects) == ("closed", {KEY: CONTENT}), cut
        elif setting == "keep":
            assert (line["event"], objects) == ("partial", {KEY: arrived}), cut
            assert rig.activities() == ["OPEN", "PARTIAL_CLOSE"], cut
        else:
            assert (line["event"], objects) == ("aborted", {}), cut
            assert rig.activities() == ["OPEN", "PARTIAL_CLOSE"], cut
