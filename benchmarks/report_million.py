"""What a report of a million files costs: time, peak memory, and the size of every file.

    python benchmarks/report_million.py [FILES]

Records are synthetic (a day at 11.6 files/s, lognormal stage times) and made beforehand; settling them is not
part of the figure. Fails when `report.html` reaches 2 MB.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.report.rerender import rerender
from harness.report.write import write_reports
from tests.unit.report import builders

HTML_LIMIT_BYTES = 2_000_000


def main() -> int:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    records = list(builders.random_records(files))
    inputs = builders.inputs(records, resources=builders.resources(round(files / 11.6)))
    before_mib = _peak_mib()
    print(f"{files:,} records made and settled; {before_mib:,.0f} MiB resident at most so far")
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        _timed("write everything", lambda: write_reports(run_dir, inputs))
        _timed("render again", lambda: rerender(run_dir))
        print(f"memory beyond the records: {_peak_mib() - before_mib:,.0f} MiB")
        for path in sorted(run_dir.iterdir()):
            print(f"{path.name:>16} {path.stat().st_size:>14,} bytes")
        html_bytes = (run_dir / "report.html").stat().st_size
    return 0 if html_bytes < HTML_LIMIT_BYTES else 1


def _timed(what: str, action: Callable[[], object]) -> None:
    began = time.perf_counter()
    action()
    print(f"{what}: {time.perf_counter() - began:.1f} s")


def _peak_mib() -> float:
    """Peak resident memory of this process (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
