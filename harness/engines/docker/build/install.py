"""Run while the image is built, by LocalStack's Python: makes the plugin and the Lambda Python known."""

from __future__ import annotations

import compileall
import subprocess
import sys
import sysconfig
from pathlib import Path

FOLDER = Path("/opt/floodgate")
LAMBDA = FOLDER / "lambda"
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"


def main() -> None:
    """Make the Lambda Python, and let both Pythons see what lies beside them."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(LAMBDA)], check=True)
    python = str(LAMBDA / "bin" / "python")
    told = subprocess.run([python, "-c", PURELIB], capture_output=True, text=True, check=True)
    (Path(told.stdout.strip()) / "floodgate.pth").write_text(f"{FOLDER / 'lambda-packages'}\n")
    (Path(sysconfig.get_path("purelib")) / "floodgate.pth").write_text(f"{FOLDER / 'plugin'}\n")
    compileall.compile_dir(FOLDER, quiet=2, workers=0)


if __name__ == "__main__":
    main()
