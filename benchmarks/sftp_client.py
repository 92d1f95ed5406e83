"""The client side of `sftp_vs_openssh` and `sftp_throughput`: asyncssh sessions in a process of their own.

python -m benchmarks.sftp_client MODE PORT USER KEY_FILE SECONDS SESSIONS FOLDER
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from itertools import count

import asyncssh
import uvloop

CONTENT = b"x" * 4096


async def run(
    mode: str, port: int, user: str, key_file: str, seconds: float, sessions: int, folder: str
) -> None:
    deadline = time.monotonic() + seconds
    numbers = count()
    key = asyncssh.read_private_key(key_file)

    async def connect() -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            "127.0.0.1", port, username=user, client_keys=[key], known_hosts=None, config=[], agent_path=None
        )

    async def upload(client: asyncssh.SFTPClient) -> None:
        async with client.open(f"{folder}/{os.getpid()}-{next(numbers)}", "wb") as file:
            await file.write(CONTENT)

    async def open_session() -> None:
        async with await connect() as connection, connection.start_sftp_client() as client:
            while time.monotonic() < deadline:
                await upload(client)

    async def session_per_file() -> None:
        while time.monotonic() < deadline:
            async with await connect() as connection, connection.start_sftp_client() as client:
                await upload(client)

    work = open_session if mode == "open" else session_per_file
    started, cpu_s = time.monotonic(), time.process_time()
    await asyncio.gather(*(work() for _ in range(sessions)))
    took_s = time.monotonic() - started
    print(json.dumps({"files": next(numbers), "took_s": took_s, "cpu_s": time.process_time() - cpu_s}))


if __name__ == "__main__":
    mode, port, user, key_file, seconds, sessions, folder = sys.argv[1:]
    uvloop.run(run(mode, int(port), user, key_file, float(seconds), int(sessions), folder))
