"""`python -m harness.conformance README.md` writes the conformance matrix between the file's markers."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.conformance import matrix

if __name__ == "__main__":
    matrix.write(Path(sys.argv[1]))
