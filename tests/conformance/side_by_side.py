"""Runs the tests of the suite side by side: most of what they do is wait for the engine.

pytest reports them one after the other, as always; each body has been started long before, in a thread of a
pool, and its turn is the wait for its end. So a test may use nothing of pytest's fixtures but `aws`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance import marks
from tests.conformance.account import Account
from tests.conformance.aws import Aws
from tests.conformance.waiting import no_longer_than

THREADS = 16
EXPECTED_FAILURE_S = 20.0
"""How long a test waits at most for what an engine is known not to do."""


class SideBySide:
    """The tests of one session."""

    def __init__(
        self, account: Account, items: Iterable[pytest.Item], fails: Callable[[pytest.Item], bool]
    ) -> None:
        """
        :param fails: whether a test is expected to fail on this engine
        """
        self._account, self._fails = account, fails
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="conformance")
        ours = [item for item in items if isinstance(item, pytest.Function) and is_ours(item)]
        ours.sort(key=lambda item: not _is_slow(item))
        self._results = {item.nodeid: self._pool.submit(self._run, item) for item in ours}

    def _run(self, item: pytest.Function) -> None:
        longest_s = EXPECTED_FAILURE_S if self._fails(item) else None
        with no_longer_than(longest_s), Aws(self._account) as aws:
            item.obj(aws)

    def result(self, item: pytest.Item) -> Future[None]:
        return self._results[item.nodeid]

    def stop(self) -> None:
        """Start nothing more, and wait for what runs: it cleans up."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def is_ours(item: pytest.Item) -> bool:
    return item.get_closest_marker(marks.NAME) is not None


def _is_slow(item: pytest.Item) -> Any:
    marker = item.get_closest_marker(marks.NAME)
    assert marker is not None
    return marker.kwargs["slow"]
