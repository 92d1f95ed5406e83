"""One SQLite file: opening it, its schema, its transactions and its errors.

The write-ahead log lets any number of processes read while one writes, and a reader never sees half a
transaction. Processes that must not write open the file with `query_only`, which SQLite itself holds.

https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.exceptions import EnvironmentNotReadyError

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0
"""How long a write waits for the write of another process."""

_SCHEMA = """
CREATE TABLE changes (revision INTEGER NOT NULL);
INSERT INTO changes VALUES (0);
CREATE TABLE servers (
    server_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE users (
    server_id TEXT NOT NULL REFERENCES servers ON DELETE CASCADE,
    user_name TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (server_id, user_name)
) WITHOUT ROWID;
CREATE TABLE ssh_public_keys (
    position INTEGER PRIMARY KEY AUTOINCREMENT, server_id TEXT NOT NULL, user_name TEXT NOT NULL,
    key_id TEXT NOT NULL, wire BLOB NOT NULL, document TEXT NOT NULL,
    UNIQUE (server_id, user_name, wire), UNIQUE (server_id, user_name, key_id),
    FOREIGN KEY (server_id, user_name) REFERENCES users ON DELETE CASCADE
);
CREATE TABLE host_keys (
    position INTEGER PRIMARY KEY AUTOINCREMENT, server_id TEXT NOT NULL REFERENCES servers ON DELETE CASCADE,
    host_key_id TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (server_id, host_key_id)
);
CREATE TABLE tags (
    position INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    UNIQUE (arn, key)
);
CREATE TABLE workflows (workflow_id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE executions (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    execution_id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
);
CREATE TABLE step_states (
    token TEXT PRIMARY KEY, workflow_id TEXT NOT NULL REFERENCES workflows ON DELETE CASCADE,
    document TEXT NOT NULL
) WITHOUT ROWID;
"""


class Database:
    """A connection that threads may share.

    :param path: the file; made when it does not exist and `writable` is set
    :raises EnvironmentNotReadyError: it cannot be opened, or another version of Floodgate wrote it
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0
        with self._translated():
            self._connection = _connect(path, writable)
            try:
                self._prepare(writable)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        with self._lock, self._translated():
            self._connection.close()

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what one statement finds: a snapshot, whoever writes meanwhile."""
        with self._lock, self._translated():
            return self._connection.execute(sql, arguments).fetchall()

    def write(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Run one statement inside `transaction`; return how many rows it changed.

        :raises sqlite3.IntegrityError: a rule of the schema refuses it
        """
        with self.transaction():
            return self._connection.execute(sql, arguments).rowcount

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows, together or not at all; raises as `write` does."""
        with self.transaction():
            self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are done together or not at all; a transaction inside another joins it."""
        with self._lock, self._translated():
            if not self._depth:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def _prepare(self, writable: bool) -> None:
        if writable:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            with self.transaction():
                if self._version() == 0:
                    for statement in _SCHEMA.split(";\n"):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        else:
            self._connection.execute("PRAGMA query_only = ON")
        self._check_version()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _check_version(self) -> None:
        version = self._version()
        if version != SCHEMA_VERSION:
            raise EnvironmentNotReadyError(
                f"the control plane's file {self._path} has schema version {version}, not {SCHEMA_VERSION}",
                hint="remove the file, or use the version of Floodgate that wrote it",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.Error, OSError) as exc:
            raise EnvironmentNotReadyError(
                f"cannot use the control plane's file {self._path}: {exc}",
                hint="is the disk full, or the folder gone?",
            ) from exc


def _connect(path: Path, writable: bool) -> sqlite3.Connection:
    """The file holds private host keys, so nobody else may read it."""
    if writable:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    mode = "rwc" if writable else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection
