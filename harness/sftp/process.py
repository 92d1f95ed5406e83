"""A server as a process of its own, whatever it speaks: from its configuration file to its exit code.

Exit codes: 0 stopped by SIGTERM · 2 bad configuration · 3 port taken or file not usable.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

import uvloop

from harness import parent, programs
from harness.engines.base import EngineInfo
from harness.exit_codes import ExitCode
from harness.sftp.config import SftpConfig
from harness.sftp.storage.base import Storage

MakeStorage = Callable[[EngineInfo], Storage]
_Config = TypeVar("_Config", bound=SftpConfig)


class Server(Protocol):
    """What the process runs."""

    async def start(self) -> None:
        """Listen, then write the ready file."""

    async def retire(self) -> None:
        """Take no more connections; return when the last session has ended, or after a bounded time."""

    async def stop(self) -> None:
        """Let open uploads finish for a bounded time, and end."""


@dataclass(frozen=True)
class Program(Generic[_Config]):
    """A kind of server.

    :param module: as it is started, `python -m MODULE CONFIG.json`
    """

    module: str
    load: Callable[[Path], _Config]
    make_server: Callable[[_Config, Storage], Server]


async def _serve(program: Program[_Config], config: _Config, make_storage: MakeStorage) -> None:
    """Serve until SIGTERM, or until the parent that the configuration names has ended.

    SIGUSR1 has it serve the sessions that are there, and no others, until they have ended.
    """
    stopping, retiring = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGUSR1, retiring.set)
    # Ctrl-C reaches the whole process group; the run that started us decides when we stop.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    # The storage is made inside the loop that it will run in.
    server = program.make_server(config, make_storage(config.engine))
    await server.start()
    tasks = [
        asyncio.create_task(_watch_parent(config.exit_with_parent, stopping)),
        asyncio.create_task(_retire(server, retiring, stopping)),
    ]
    await stopping.wait()
    for task in tasks:
        task.cancel()
    await server.stop()


async def _retire(server: Server, retiring: asyncio.Event, stopping: asyncio.Event) -> None:
    await retiring.wait()
    await server.retire()
    stopping.set()


async def _watch_parent(pid: int | None, stopping: asyncio.Event) -> None:
    if pid is not None:
        await parent.wait_for_end(pid)
        stopping.set()


def _run(program: Program[_Config], arguments: list[str], make_storage: MakeStorage) -> ExitCode:
    """Run the process; returns its exit code."""

    def work(path: Path) -> None:
        config = program.load(path)
        programs.allow_many_files()
        uvloop.run(_serve(program, config, make_storage))

    return programs.run(f"python -m {program.module} CONFIG.json", arguments, work)


def main(program: Program[_Config], arguments: list[str], make_storage: MakeStorage) -> NoReturn:
    """Run, then leave at once: the threads of the S3 library can crash an interpreter that is being taken
    down (seen in about one exit of three with obstore 0.12), and everything worth keeping is flushed by now.
    """
    code = _run(program, arguments, make_storage)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
