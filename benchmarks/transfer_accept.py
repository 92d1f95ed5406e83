"""How evenly do processes that share a port get its connections: one inherited socket, or one for each?

    python -m benchmarks.transfer_accept [--workers 4] [--connections 200]

All connections are opened at once, as by clients that come back after a pause; each costs the process that
takes it 5 ms of CPU, about what a login does. Printed: connections of each worker, and the waits of clients.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import signal
import statistics
import time
from multiprocessing.queues import Queue
from typing import cast

import uvloop

from harness.transfer.supervisor.listening import Listening

_COST_S = 0.005


class Taker(asyncio.Protocol):
    """Works for a while when a client speaks, then answers."""

    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Taker.taken += 1
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        end = time.thread_time() + _COST_S
        while time.thread_time() < end:
            pass
        self._transport.write(data)


def work(listening: Listening, number: int, counts: Queue[int]) -> None:
    """Accept until SIGTERM, then tell how many."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
        await loop.create_server(Taker, sock=listening.socket_of(number))
        await stopping.wait()

    uvloop.run(serve())
    counts.put(Taker.taken)


async def connect_all(port: int, count: int) -> list[float]:
    """Open all connections at once; return how long each waited for its answer, in seconds."""

    async def one() -> float:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        await reader.readexactly(1)
        waited = time.perf_counter() - began
        writer.close()
        return waited

    return list(await asyncio.gather(*(one() for _ in range(count))))


def measure(name: str, listening: Listening, workers: int, connections: int) -> None:
    """Run one way of sharing, and print it."""
    context = multiprocessing.get_context("fork")
    counts: Queue[int] = context.Queue()
    processes = [
        context.Process(target=work, args=(listening, n + 1, counts), daemon=True) for n in range(workers)
    ]
    for process in processes:
        process.start()
    time.sleep(1.0)
    waits = sorted(asyncio.run(connect_all(listening.port, connections)))
    for process in processes:
        process.terminate()
    taken = sorted(counts.get() for _ in processes)
    for process in processes:
        process.join()
    listening.close()
    p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
    print(f"{name:<12} connections by worker {taken}, waits p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--connections", type=int, default=200)
    given = parser.parse_args()
    for _ in range(3):
        measure("one shared", Listening("127.0.0.1", 0, 1), given.workers, given.connections)
        measure("one each", Listening("127.0.0.1", 0, given.workers), given.workers, given.connections)


if __name__ == "__main__":
    main()
