"""How much the SFTP process grows while one large file goes up.

    python -m benchmarks.sftp_memory [--gib 2] [--endpoint URL]

Starts the front end and, unless an endpoint is given, a LocalStack of its own. OpenSSH's `sftp` uploads a
sparse file; the resident memory of the server is sampled every 50 ms. A small upload goes first, so that
what any first upload loads is not counted as growth.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.sftp_stack import a_bucket, an_engine
from harness.engines.base import EngineInfo
from tests.integration.sftp.clients import sftp
from tests.integration.sftp.front_end import FrontEnd

MIB = 1024 * 1024
LIMIT_MIB = 64


class PeakSampler(threading.Thread):
    """Remembers the highest resident memory."""

    def __init__(self, front_end: FrontEnd) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.done = threading.Event()
        self._front_end = front_end

    def run(self) -> None:
        while not self.done.wait(0.05):
            self.peak_bytes = max(self.peak_bytes, self._front_end.rss_bytes())


def measure(engine: EngineInfo, folder: Path, gib: float) -> None:
    bucket = a_bucket(engine)
    front_end = FrontEnd(folder / "server", engine, bucket, settings={"part_size_bytes": 8 * MIB}).start()
    try:
        _upload(front_end, folder, "small", MIB)
        before = front_end.rss_bytes()
        sampler = PeakSampler(front_end)
        sampler.start()
        started = time.monotonic()
        _upload(front_end, folder, "large", int(gib * 1024 * MIB))
        took_s = time.monotonic() - started
        sampler.done.set()
        after = front_end.rss_bytes()
    finally:
        front_end.stop()
    grown_mib = (sampler.peak_bytes - before) / MIB
    print(f"{gib:g} GiB in {took_s:.1f} s ({gib * 1024 / took_s:.0f} MiB/s)")
    print(
        f"before {before / MIB:.1f} MiB, peak {sampler.peak_bytes / MIB:.1f} MiB, after {after / MIB:.1f} MiB"
    )
    print(
        f"growth {grown_mib:.1f} MiB (limit {LIMIT_MIB} MiB): {'ok' if grown_mib < LIMIT_MIB else 'TOO MUCH'}"
    )


def _upload(front_end: FrontEnd, folder: Path, name: str, size_bytes: int) -> None:
    with (folder / name).open("wb") as file:
        file.truncate(size_bytes)
    result = sftp(front_end, f"put {name}\n", cwd=folder, timeout_s=1800)
    assert result.returncode == 0, result.stderr
    assert front_end.uploads("closed")[-1]["size_bytes"] == size_bytes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("--endpoint")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, an_engine(arguments.endpoint) as engine:
        measure(engine, Path(folder), arguments.gib)


if __name__ == "__main__":
    main()
