"""What of a stack's folder belongs to the run that used it, and is saved to the run's folder.

The list of uploads is saved whole: without it nobody knows which version a file became. Logs are bounded; of
one that is longer its end is kept, with a first line that says so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.engines.registry import attached, runs_elsewhere
from harness.files import copy_tail

UPLOADS = "uploads.jsonl"
LOGS = ("engine.log", "sftp.log", "stand-ins.log")
MAX_LOG_BYTES = 256 * 1024 * 1024


def save(state_dir: Path, run_dir: Path) -> None:
    """Copy the list of uploads, and then the logs; what is not there is left out. Raises `OSError`."""
    save_uploads(state_dir, run_dir)
    save_logs(state_dir, run_dir)


def save_uploads(state_dir: Path, run_dir: Path) -> None:
    """Copy the list of uploads. Raises `OSError`."""
    if (state_dir / UPLOADS).is_file():
        shutil.copyfile(state_dir / UPLOADS, run_dir / "ledger" / UPLOADS)


def fetch_engine_log(engine: str, state_dir: Path) -> None:
    """Bring the engine's log to the stack's folder, where the engine runs in a container.

    :param engine: what `--engine` takes
    """
    if runs_elsewhere(engine):
        attached(engine, state_dir).log_file()


def save_logs(state_dir: Path, run_dir: Path, *, max_bytes: int = MAX_LOG_BYTES) -> None:
    """Copy the logs. Raises `OSError`."""
    for name in LOGS:
        if (state_dir / name).is_file():
            copy_tail(state_dir / name, run_dir / name, max_bytes)
