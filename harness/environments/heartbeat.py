"""Signs of life while something that tells nothing takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.engines.base import Progress

INTERVAL_S = 5.0


@contextmanager
def heartbeat(progress: Progress, title: str, *, interval_s: float = INTERVAL_S) -> Iterator[None]:
    """Tell every `interval_s` for how long the block has been running."""
    done = threading.Event()
    started = time.monotonic()

    def beat() -> None:
        while not done.wait(interval_s):
            progress(f"{title}: still at work ({time.monotonic() - started:.0f} s)")

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
