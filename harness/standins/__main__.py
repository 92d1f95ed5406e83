"""`python -m harness.standins CONFIG.json`: all stand-ins of one stack as a process.

SIGTERM ends it in order: pipes finish the batches that they hold, tasks get SIGTERM. SIGHUP reads the
configuration again and replaces tasks one by one, for code that has changed.

Exit codes: 0 stopped by SIGTERM · 1 internal error · 2 bad configuration or template · 6 the engine is gone.
"""

from __future__ import annotations

import logging
import sys

from harness import programs
from harness.exit_codes import ExitCode
from harness.standins.process import StandIns


def run(arguments: list[str]) -> ExitCode:
    """Run the process; returns its exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return programs.run(
        "python -m harness.standins CONFIG.json", arguments, lambda path: StandIns(path).run()
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
