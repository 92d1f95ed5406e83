"""Console script `floodgate`, and `python -m harness.cli`.

Importing the rest takes a second or two: whoever presses Ctrl-C then gets the same exit code as later on.
"""

from __future__ import annotations

import sys

from harness.exit_codes import ExitCode


def main() -> None:
    """Run a command and exit with the code that belongs to what happened."""
    try:
        from harness.cli.app import main as command
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(int(ExitCode.INTERRUPTED))
    command()


if __name__ == "__main__":
    main()
