"""`python -m harness.sftp CONFIG.json`: the SFTP front end as a process.

Exit codes: 0 stopped by SIGTERM · 2 bad configuration · 3 port taken or file not usable.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import psutil
import uvloop

from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError, UsageError
from harness.exit_codes import ExitCode
from harness.sftp import config as configuration
from harness.sftp.config import SftpConfig
from harness.sftp.server import TransferServer
from harness.sftp.storage.base import Storage
from harness.sftp.storage.s3 import S3Storage

MakeStorage = Callable[[EngineInfo], Storage]

_PARENT_POLL_S = 0.5


async def serve(config: SftpConfig, storage: Storage) -> None:
    """Serve until SIGTERM, or until the parent that the configuration names has ended.

    SIGUSR1 has it serve the sessions that are there, and no others, until they have ended.
    """
    stopping, retiring = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, retiring.set)
    # Ctrl-C reaches the whole process group; the run that started us decides when we stop.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    server = TransferServer(config, storage)
    await server.start()
    tasks = [
        asyncio.create_task(_watch_parent(config.exit_with_parent, stopping)),
        asyncio.create_task(_retire(server, retiring, stopping)),
    ]
    await stopping.wait()
    for task in tasks:
        task.cancel()
    await server.stop()


async def _retire(server: TransferServer, retiring: asyncio.Event, stopping: asyncio.Event) -> None:
    await retiring.wait()
    await server.retire()
    stopping.set()


async def _watch_parent(pid: int | None, stopping: asyncio.Event) -> None:
    """Stop when `pid` is gone: also when it was killed and its number has been taken by another process."""
    if pid is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(_PARENT_POLL_S)
    stopping.set()


def run(arguments: list[str], make_storage: MakeStorage) -> ExitCode:
    """Run the process; returns its exit code."""
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m harness.sftp CONFIG.json")
        config = configuration.load(Path(arguments[0]))
        _allow_many_connections()
        uvloop.run(_serve(config, make_storage))
    except FloodgateError as exc:
        print(f"error: {exc.message}", file=sys.stderr)
        if exc.hint:
            print(f"hint: {exc.hint}", file=sys.stderr)
        return exc.exit_code
    return ExitCode.PASSED


def _allow_many_connections() -> None:
    """Every connection is a file; the usual soft limit of 1,024 is far below Transfer's 10,000 sessions."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(config: SftpConfig, make_storage: MakeStorage) -> None:
    """The storage is made inside the loop that it will run in."""
    await serve(config, make_storage(config.engine))


def main(arguments: list[str], make_storage: MakeStorage = S3Storage) -> NoReturn:
    """Run, then leave at once: the threads of the S3 library can crash an interpreter that is being taken
    down (seen in about one exit of three with obstore 0.12), and everything worth keeping is flushed by now.
    """
    code = run(arguments, make_storage)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
