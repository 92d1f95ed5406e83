"""The folder of a stack: what is where, and who may change it.

    <stacks>/<name>.lock       held while the stack is brought up, down or swept
    <stacks>/<name>/
        owner.json             written first: which engine, and whose death ends the stack
        keeper.lock            held by `up --stay` while it lives; keeper.namespace: where process ids count
        processes/<role>.json  each process, written as soon as it is started
        engine.log engine/     the engine's
        deploy/                the deployment's working folder
        sftp.json sftp.log sftp.ready.json sftp/ uploads.jsonl keys/ transfer.sqlite
        stand-ins.json stand-ins.log stand-ins.ready.json stand-ins/
        stack.json             written last: the stack is up

A folder whose lock is free and that has no `stack.json` was left by an `up` that died, or by a removal
from an account that did.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from harness.engines.base import Engine, ProcessRecord
from harness.engines.process import is_running
from harness.engines.records import ProcessTable
from harness.engines.registry import attached, runs_elsewhere
from harness.exceptions import UsageError
from harness.files import read_json, replace_json
from harness.locks import exclusive, exclusive_if_free
from harness.paths import stacks_dir
from harness.stack import keeper
from harness.stack.description import StackDescription

_NAME = re.compile(r"[a-z0-9-]{1,40}")
WATCHER_ROLE = "watcher"


@dataclass(frozen=True)
class Bequest:
    """What remains to be done when a stack's owner has died: its run is settled while the stack still can."""

    run_dir: str
    """Where the stack's logs are saved to, see `evidence`."""
    command: list[str]
    """Run by the watcher before it clears the stack."""


@dataclass(frozen=True)
class Ownership:
    """Which engine a stack runs on (`--engine`), and the process whose death ends it, None if it is kept."""

    engine: str
    owner: ProcessRecord | None = None
    bequest: Bequest | None = None


class StackState:
    """The state folder of one stack.

    :raises UsageError: the name is not one of 1 to 40 lower-case letters, digits and hyphens
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name for a stack",
                hint="use 1 to 40 of the characters a-z, 0-9 and -",
            )
        self.name = name
        self.folder = stacks_dir() / name
        self.processes = ProcessTable(self.folder)

    @property
    def deploy_dir(self) -> Path:
        return self.folder / "deploy"

    @property
    def keys_dir(self) -> Path:
        return self.folder / "keys"

    def locked(self, on_wait: Callable[[], None] | None = None) -> AbstractContextManager[IO[str]]:
        """Hold the right to bring this stack up or down."""
        return exclusive(self._lock_file(), on_wait=on_wait)

    def locked_if_free(self) -> AbstractContextManager[bool]:
        """Hold that right if nobody else does; yields whether it is held."""
        return exclusive_if_free(self._lock_file())

    def create(self, ownership: Ownership) -> None:
        """Make the folder, readable by this user alone because keys lie in it."""
        self.folder.mkdir(parents=True, mode=0o700)
        replace_json(self.folder / "owner.json", asdict(ownership))

    def ownership(self) -> Ownership | None:
        """Return what `create` was given; None where it did not come that far."""
        data = read_json(self.folder / "owner.json")
        if data is None:
            return None
        bequest = data.get("bequest")
        return Ownership(
            data["engine"],
            ProcessRecord(**data["owner"]) if data["owner"] else None,
            Bequest(**bequest) if bequest else None,
        )

    def publish(self, description: StackDescription) -> None:
        """Say that the stack is up."""
        replace_json(self._description_file(), description.to_json())

    def withdraw(self) -> None:
        """Say that the stack is no longer up, whatever is still there of it."""
        self._description_file().unlink(missing_ok=True)

    def description(self) -> StackDescription | None:
        """Return the description of the stack, None unless it is up."""
        data = read_json(self._description_file())
        return None if data is None else StackDescription.from_json(data)

    def dead_roles(self) -> list[str]:
        """Return the roles whose processes have ended; the watcher is no part of the stack's work.

        Where process ids mean others (another container), only its keeper tells: it ends with any part.
        """
        if keeper.is_from_elsewhere(self.folder):
            return [] if keeper.is_kept(self.folder) else [keeper.ROLE]
        records = (record for record in self.processes.read() if record.role != WATCHER_ROLE)
        dead = [record.role for record in records if not is_running(record)]
        return ["engine", *dead] if self._engine_has_died() else dead

    def is_stale(self) -> bool:
        """Tell whether this is a leftover. Ask with the lock held: a running `up` looks the same."""
        ownership = self.ownership()
        if ownership is None or self.description() is None:
            return True
        if keeper.has_keeper(self.folder):
            return not keeper.is_kept(self.folder)
        if ownership.owner is not None:
            return not is_running(ownership.owner)
        return self._is_all_dead()

    def remove(self) -> None:
        """Delete the folder; what the engine still writes on its way out is no error."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def discard_lock(self) -> None:
        """Delete the lock file, as the last step of its holder."""
        self._lock_file().unlink(missing_ok=True)

    def _is_all_dead(self) -> bool:
        """Tell whether a kept stack died as a whole, as in a restart of the machine."""
        records = self.processes.read()
        if not records or any(is_running(record) for record in records):
            return False
        engine = self._engine_without_processes()
        return engine is None or not engine.is_running()

    def _engine_has_died(self) -> bool:
        """Tell whether the engine is gone, where no process of this machine shows that."""
        engine = self._engine_without_processes()
        return engine is not None and not engine.is_running()

    def _engine_without_processes(self) -> Engine | None:
        """Return the engine if it is ours and in a container; asking it costs more than a look at ids."""
        ownership = self.ownership()
        if ownership is None or not runs_elsewhere(ownership.engine):
            return None
        return attached(ownership.engine, self.folder)

    def _description_file(self) -> Path:
        return self.folder / "stack.json"

    def _lock_file(self) -> Path:
        return self.folder.parent / f"{self.name}.lock"


def known_names() -> list[str]:
    """Return the names of all stacks that have a folder, up or not."""
    folder = stacks_dir()
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))
