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
from pathlib import Path

from harness.exceptions import FloodgateError, UsageError
from harness.exit_codes import ExitCode
from harness.transfer.supervisor import config as configuration
from harness.transfer.supervisor.process import supervise


def run(arguments: list[str]) -> ExitCode:
    """Run the process; returns its exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m harness.transfer CONFIG.json")
        asyncio.run(supervise(configuration.load(Path(arguments[0]))))
    except FloodgateError as exc:
        print(f"error: {exc.message}", file=sys.stderr)
        if exc.hint:
            print(f"hint: {exc.hint}", file=sys.stderr)
        return exc.exit_code
    return ExitCode.PASSED


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
