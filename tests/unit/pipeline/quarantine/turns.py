"""Actors that take turns: each request waits until a schedule lets it go, so that a race can be replayed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_PATIENCE_S = 30.0


class Killed(BaseException):
    """The actor's process has died."""


class Turns:
    """Lets one request go at a time, in the order of a schedule; when that is used up, in turn.

    :param schedule: names of actors; one that has ended is skipped
    """

    def __init__(self, schedule: Sequence[str]) -> None:
        self._schedule = iter(schedule)
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._alive: set[str] = set()
        self._granted: str | None = None

    def step(self, name: str) -> None:
        """Wait for the turn of `name`."""
        with self._changed:
            self._waiting.add(name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._granted == name, _PATIENCE_S), (
                f"{name} never had a turn"
            )
            self._granted = None
            self._waiting.discard(name)
            self._changed.notify_all()

    def run(self, actors: dict[str, Callable[[], object]]) -> dict[str, BaseException | None]:
        """Run all actors to their ends; return what each has raised."""
        raised: dict[str, BaseException | None] = {}
        self._alive = set(actors)

        def act(name: str, do: Callable[[], object]) -> None:
            try:
                do()
                raised[name] = None
            except BaseException as exc:  # noqa: BLE001  (handed to the test)
                raised[name] = exc
            finally:
                with self._changed:
                    self._alive.discard(name)
                    self._changed.notify_all()

        threads = [threading.Thread(target=act, args=item, daemon=True) for item in actors.items()]
        for thread in threads:
            thread.start()
        for name in self._order():
            self._grant(name)
        for thread in threads:
            thread.join(_PATIENCE_S)
        return raised

    def _order(self) -> Iterator[str]:
        yield from (name for name in self._schedule if name in self._alive)
        while self._alive:
            yield from sorted(self._alive)

    def _grant(self, name: str) -> None:
        with self._changed:
            if not self._changed.wait_for(
                lambda: name in self._waiting or name not in self._alive, _PATIENCE_S
            ):
                raise AssertionError(f"{name} neither asks nor ends")
            if name not in self._alive:
                return
            self._granted = name
            self._changed.notify_all()
            # The request has been answered when its actor asks for the next, or ends.
            self._changed.wait_for(lambda: self._granted is None, _PATIENCE_S)
            self._changed.wait_for(lambda: name in self._waiting or name not in self._alive, _PATIENCE_S)


class Turned:
    """A client whose requests wait for their actor's turn."""

    def __init__(self, inner: Any, turns: Turns, name: str, life: Life) -> None:
        self._inner, self._turns, self._name, self._life = inner, turns, name, life

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._inner, operation)

        def call(*positional: Any, **named: Any) -> Any:
            self._turns.step(self._name)
            self._life.before()
            answer = method(*positional, **named)
            self._life.after()
            return answer

        return call


class Life:
    """How long an actor lives: it dies at a request, before or after that was done.

    :param requests: how many it makes; `None` lets it live
    """

    def __init__(self, requests: int | None = None, *, last_is_done: bool = True) -> None:
        self._left = requests
        self._last_is_done = last_is_done

    def before(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._last_is_done):
            self._left = 0
            raise Killed

    def after(self) -> None:
        if self._left == 0:
            raise Killed
