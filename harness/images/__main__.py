"""`python -m harness.images`."""

from __future__ import annotations

import sys

from harness.exceptions import FloodgateError
from harness.images.build import build_all


def main() -> int:
    """Build everything; return the exit code."""
    try:
        build_all(lambda line: print(f"==> {line}", flush=True))
    except FloodgateError as error:
        print(f"error: {error.message}" + (f"\n  fix: {error.hint}" if error.hint else ""), file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
