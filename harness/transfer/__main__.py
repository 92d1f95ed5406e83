"""`python -m harness.transfer CONFIG.json`: the stand-in for AWS Transfer Family as a process.

It hosts the Transfer API and runs worker processes for every server that is online. SIGTERM ends it in order:
no new connections, open uploads may finish for a bounded time, then all workers end.

Exit codes: 0 stopped by SIGTERM · 2 bad configuration · 3 a port is taken, a file is not usable, or the main
server's workers die again and again.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from harness import programs
from harness.exit_codes import ExitCode
from harness.transfer.supervisor import config as configuration
from harness.transfer.supervisor.process import supervise


def run(arguments: list[str]) -> ExitCode:
    """Run the process; returns its exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    return programs.run(
        "python -m harness.transfer CONFIG.json",
        arguments,
        lambda path: asyncio.run(supervise(configuration.load(path))),
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
