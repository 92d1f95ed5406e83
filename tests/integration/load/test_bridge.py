"""Greenlets that wait for coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import gevent
import pytest

from harness.load.bridge import Bridge

pytestmark = pytest.mark.integration


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    bridge.close()


async def echoed(value: object) -> object:
    await asyncio.sleep(0)
    return value


def test_many_greenlets_wait_at_once_and_each_gets_its_own_result(bridge: Bridge):
    greenlets = [gevent.spawn(bridge.run, echoed, number) for number in range(500)]
    gevent.joinall(greenlets, timeout=30)
    assert [greenlet.value for greenlet in greenlets] == list(range(500))


def test_a_waiting_greenlet_does_not_hold_up_the_others(bridge: Bridge):
    release = asyncio.Event()

    async def wait_for_release() -> str:
        await release.wait()
        return "released"

    async def let_go() -> None:
        release.set()

    waiting = gevent.spawn(bridge.run, wait_for_release)
    assert bridge.run(echoed, 1) == 1
    assert not waiting.ready()
    bridge.run(let_go)
    assert waiting.get(timeout=30) == "released"


def test_an_error_of_the_coroutine_is_raised_in_the_greenlet(bridge: Bridge):
    async def fail() -> None:
        raise LookupError("of the coroutine")

    with pytest.raises(LookupError, match="of the coroutine"):
        bridge.run(fail)
    assert bridge.run(echoed, "still there") == "still there"


def test_killing_the_greenlet_cancels_the_coroutine(bridge: Bridge):
    seen: list[str] = []

    async def wait_forever() -> None:
        seen.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    waiting = gevent.spawn(bridge.run, wait_forever)
    while not seen:
        bridge.run(echoed, None)
    waiting.kill()
    while len(seen) < 2:
        bridge.run(echoed, None)
    assert seen == ["begun", "cancelled"]


def test_what_asyncssh_gives_to_an_executor_is_done(bridge: Bridge):
    async def in_executor() -> int:
        return await asyncio.get_running_loop().run_in_executor(None, lambda: 7)

    assert bridge.run(in_executor) == 7


def test_the_hub_survives_when_every_greenlet_waits_for_the_bridge(bridge: Bridge):
    assert bridge.run(asyncio.sleep, 0.05) is None
