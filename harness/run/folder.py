"""The run folder: one place that knows the names in it."""

from __future__ import annotations

import errno
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from harness.exceptions import DiskFullError, UsageError


def new_run_id() -> str:
    """Return an id that sorts by time and does not collide, e.g. `20261122-194808-3f9a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class RunFolder:
    """Paths inside one run folder."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make the folder. Raises `UsageError` when it exists or cannot be made."""
        try:
            path.mkdir(parents=True)
            folder = cls(path.resolve())
            folder.ledger_dir.mkdir()
        except FileExistsError as exc:
            raise UsageError(f"{path} exists already", hint="name a new folder with --out") from exc
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(f"no room for the report in {path}", hint="free some disk space") from exc
            refused = isinstance(exc, PermissionError)
            raise UsageError(
                f"{path} cannot be made: {exc.strerror}" + (f" for user {os.geteuid()}" if refused else ""),
                hint="let this user write there, or name another folder with --out"
                if refused
                else "name a folder that can be made with --out",
            ) from exc
        return folder

    @property
    def ledger_dir(self) -> Path:
        return self.path / "ledger"

    @property
    def load_config(self) -> Path:
        return self.path / "ledger" / "load.json"

    @property
    def load_log(self) -> Path:
        return self.path / "ledger" / "load.log"

    @property
    def uploads(self) -> Path:
        return self.path / "ledger" / "uploads.jsonl"

    @property
    def stack(self) -> Path:
        return self.path / "ledger" / "stack.json"

    @property
    def record(self) -> Path:
        return self.path / "ledger" / "run.json"

    @property
    def settle_lock(self) -> Path:
        return self.path / "ledger" / "settle.lock"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    @property
    def sftp_log(self) -> Path:
        return self.path / "sftp.log"

    @property
    def stand_ins_log(self) -> Path:
        return self.path / "stand-ins.log"
