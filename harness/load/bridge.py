"""Lets greenlets wait for coroutines: asyncio in a native thread beside gevent's hub.

asyncssh needs an asyncio loop, Locust runs on greenlets, and gevent's patched `threading` would put the
loop's thread back onto the hub. So the loop gets a native thread, coroutines go over with
`call_soon_threadsafe`, and results come back on a deque, announced by one libev `async` watcher. The
watcher also keeps the hub alive: waking it with `run_callback_threadsafe` alone ends in a `LoopExit` as
soon as every greenlet waits.

To be imported in the load process only, after gevent has patched it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import gevent
import uvloop
from gevent import monkey
from gevent.event import AsyncResult

T = TypeVar("T")
_start_native_thread = monkey.get_original("_thread", "start_new_thread")


class _InlineExecutor(concurrent.futures.ThreadPoolExecutor):
    """Runs what asyncssh hands to an executor (building its options) at once, on the loop.

    gevent has patched the threads of the usual executor: they would be greenlets of a hub that never runs.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[T]:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001  (an executor hands every error to the future)
            future.set_exception(exc)
        return future


class Bridge:
    """One asyncio loop in a native thread. Methods are for greenlets of the main thread."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._loop.set_default_executor(_InlineExecutor())
        self._finished: deque[tuple[AsyncResult, asyncio.Task[Any]]] = deque()
        self._stopped = AsyncResult()
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._deliver)
        _start_native_thread(self._run_loop, ())

    def run(self, coroutine_function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Run a coroutine on the loop; block this greenlet, and no other, until it is done.

        Raises what the coroutine raises. A greenlet that is killed meanwhile cancels the coroutine.
        """
        waiter = AsyncResult()
        tasks: list[asyncio.Task[Any]] = []
        self._loop.call_soon_threadsafe(self._spawn, coroutine_function, args, waiter, tasks)
        try:
            task: asyncio.Task[T] = waiter.get()
        except BaseException:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            raise
        return task.result()

    def close(self) -> None:
        """Stop the loop and wait for its thread; nothing may be running on it any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._stopped.get()
        self._watcher.stop()
        self._watcher.close()

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
            self._finished.append((self._stopped, None))  # type: ignore[arg-type]
            self._watcher.send()

    def _spawn(
        self,
        coroutine_function: Callable[..., Coroutine[Any, Any, T]],
        args: tuple[Any, ...],
        waiter: AsyncResult,
        tasks: list[asyncio.Task[Any]],
    ) -> None:
        task = self._loop.create_task(coroutine_function(*args))
        tasks.append(task)
        task.add_done_callback(lambda done: self._report(waiter, done))

    def _report(self, waiter: AsyncResult, task: asyncio.Task[Any]) -> None:
        self._finished.append((waiter, task))
        self._watcher.send()

    def _deliver(self) -> None:
        """Wake the greenlets whose coroutines are done; in the hub. One call may stand for many sends."""
        while self._finished:
            waiter, task = self._finished.popleft()
            waiter.set(task)
