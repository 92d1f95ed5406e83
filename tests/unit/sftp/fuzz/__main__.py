"""The long run: `python -m tests.unit.sftp.fuzz`."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.unit.sftp.fuzz.run import Count, run

MAX_GROWTH_MIB = 32


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=4)
    arguments = parser.parse_args()
    each = -(-arguments.packets // arguments.processes)
    seeds = range(arguments.seed, arguments.seed + arguments.processes)
    started = time.monotonic()
    with ProcessPoolExecutor(arguments.processes) as pool:
        counts = list(pool.map(run, seeds, [each] * len(seeds)))
    growth = max(count.peak_mib - count.early_peak_mib for count in counts)
    print(
        f"{sum(count.packets for count in counts):,} packets in {sum(c.sessions for c in counts):,} sessions "
        f"(seeds {seeds.start} to {seeds.stop - 1}), {time.monotonic() - started:.0f} s; "
        f"answers by type {_sum(counts)}; memory +{growth:.1f} MiB after the first sessions"
    )
    return 0 if growth < MAX_GROWTH_MIB else 1


def _sum(counts: list[Count]) -> dict[int, int]:
    kinds = sorted({kind for count in counts for kind in count.answers})
    return {kind: sum(count.answers.get(kind, 0) for count in counts) for kind in kinds}


if __name__ == "__main__":
    sys.exit(main())
