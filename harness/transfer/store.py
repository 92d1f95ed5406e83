"""The control plane's records in one SQLite file.

The process that hosts the Transfer API writes; the SFTP workers open the same file read-only and read it at
each login, so that a user who was added a moment ago can log in at once. This module keeps what it is given:
the rules of AWS are checked before, by `harness.transfer.api`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from harness.exceptions import FloodgateError
from harness.transfer.database import Database
from harness.transfer.model import Execution, HostKey, Record, Server, SshPublicKey, StepState, User, Workflow

_R = TypeVar("_R", bound=Record)


class AlreadyStoredError(FloodgateError):
    """There is a record with this identity already (same key, same name)."""


class NotStoredError(FloodgateError):
    """The record, or the one that it belongs to, is not there."""


class TransferStore:
    """Reads and writes of the control plane.

    All reads give whole records; a writer in another process is never seen half-way. Every method may raise
    `EnvironmentNotReadyError` when the file cannot be used.

    :param path: the SQLite file
    :param writable: for the one process that hosts the API; it makes the file when there is none
    :raises EnvironmentNotReadyError: the file cannot be opened, or another version of Floodgate wrote it
    """

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        self._database = Database(path, writable=writable)

    def __enter__(self) -> TransferStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def revision(self, server_id: str | None = None) -> int:
        """Return a number that grows with each change.

        With no server: any change of the store. With one: a change of that server's record or host keys, not
        of its users, whom a login reads afresh; 0 when the server is not there.
        """
        if server_id is None:
            return int(self._database.rows("SELECT revision FROM changes")[0][0])
        rows = self._database.rows("SELECT revision FROM servers WHERE server_id = ?", (server_id,))
        return int(rows[0][0]) if rows else 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes inside are seen by other processes together, or are undone together when one raises."""
        with self._database.transaction():
            yield

    # Servers

    def servers(self) -> list[Server]:
        """Return all servers, by id."""
        return self._all(Server, "SELECT document FROM servers ORDER BY server_id")

    def server(self, server_id: str) -> Server | None:
        return self._one(Server, "SELECT document FROM servers WHERE server_id = ?", server_id)

    def put_server(self, server: Server) -> None:
        """Add the server, or replace its record."""
        with self.transaction():
            self._database.write(
                "INSERT INTO servers VALUES (?, 0, ?)"
                " ON CONFLICT (server_id) DO UPDATE SET document = excluded.document",
                (server.ServerId, server.model_dump_json(exclude_none=True)),
            )
            self._changed(server.ServerId)

    def delete_server(self, server_id: str) -> None:
        """Remove the server with its users and host keys, and the tags of all of them.

        :raises NotStoredError: it is not there
        """
        with self.transaction():
            arns = [user.Arn for user in self.users(server_id)] + [k.Arn for k in self.host_keys(server_id)]
            server = self.server(server_id)
            for arn in [*arns, server.Arn if server else ""]:
                self._database.write("DELETE FROM tags WHERE arn = ?", (arn,))
            self._delete("DELETE FROM servers WHERE server_id = ?", server_id)

    # Users and their keys

    def user(self, server_id: str, user_name: str) -> User | None:
        """Return the user with all keys."""
        users = self._users("WHERE u.server_id = ? AND u.user_name = ?", (server_id, user_name))
        return users[0] if users else None

    def user_with_keys_as_sent(self, server_id: str, user_name: str) -> tuple[User, frozenset[bytes]] | None:
        """Return the user without keys, and the keys in SSH wire format: what a login needs, without reading
        the text of 50 keys, by whose time a stranger could tell that there is such a user.
        """
        rows = self._database.rows(
            "SELECT document, NULL FROM users WHERE server_id = ?1 AND user_name = ?2"
            " UNION ALL SELECT NULL, wire FROM ssh_public_keys WHERE server_id = ?1 AND user_name = ?2",
            (server_id, user_name),
        )
        documents = [document for document, _ in rows if document is not None]
        keys = frozenset(wire for _, wire in rows if wire is not None)
        return (User.model_validate_json(documents[0]), keys) if documents else None

    def users(self, server_id: str, *, after: str = "", limit: int = -1) -> list[User]:
        """Return users by name.

        :param after: only names behind this one
        :param limit: at most so many, -1 for all
        """
        chosen = (
            "JOIN (SELECT server_id, user_name FROM users WHERE server_id = ? AND user_name > ?"
            " ORDER BY user_name LIMIT ?) USING (server_id, user_name)"
        )
        return self._users(chosen, (server_id, after, limit))

    def user_count(self, server_id: str) -> int:
        rows = self._database.rows("SELECT count(*) FROM users WHERE server_id = ?", (server_id,))
        return int(rows[0][0])

    def put_user(self, user: User) -> None:
        """Add the user, or replace the record; keys are not touched, see `add_ssh_public_key`.

        :raises NotStoredError: there is no such server
        """
        document = user.model_dump_json(exclude_none=True, exclude={"SshPublicKeys"})
        with self.transaction():
            self._insert(
                "INSERT INTO users VALUES (?, ?, ?)"
                " ON CONFLICT (server_id, user_name) DO UPDATE SET document = excluded.document",
                (user.ServerId, user.UserName, document),
            )
            self._changed()

    def add_users(self, users: Sequence[User], wires: Mapping[str, bytes]) -> None:
        """Add many users with their keys at once.

        :param wires: by `SshPublicKeyId`, the keys in SSH wire format
        :raises NotStoredError: there is no such server
        :raises AlreadyStoredError: one of them is there
        """
        documents = (
            (user.ServerId, user.UserName, user.model_dump_json(exclude_none=True, exclude={"SshPublicKeys"}))
            for user in users
        )
        keys = (
            (
                user.ServerId,
                user.UserName,
                key.SshPublicKeyId,
                wires[key.SshPublicKeyId],
                key.model_dump_json(),
            )
            for user in users
            for key in user.SshPublicKeys
        )
        with self.transaction(), _translated():
            self._database.write_many("INSERT INTO users VALUES (?, ?, ?)", documents)
            self._database.write_many(
                "INSERT INTO ssh_public_keys (server_id, user_name, key_id, wire, document)"
                " VALUES (?, ?, ?, ?, ?)",
                keys,
            )
            self._changed()

    def delete_user(self, server_id: str, user_name: str) -> None:
        """Remove the user with keys and tags.

        :raises NotStoredError: the user is not there
        """
        with self.transaction():
            user = self.user(server_id, user_name)
            self._database.write("DELETE FROM tags WHERE arn = ?", (user.Arn if user else "",))
            self._delete("DELETE FROM users WHERE server_id = ? AND user_name = ?", server_id, user_name)

    def add_ssh_public_key(self, server_id: str, user_name: str, key: SshPublicKey, wire: bytes) -> None:
        """Give the user one more key.

        :param wire: the key in SSH wire format, by which two spellings of one key are known as the same
        :raises AlreadyStoredError: the user has this key
        :raises NotStoredError: there is no such user
        """
        with self.transaction():
            self._insert(
                "INSERT INTO ssh_public_keys (server_id, user_name, key_id, wire, document)"
                " VALUES (?, ?, ?, ?, ?)",
                (server_id, user_name, key.SshPublicKeyId, wire, key.model_dump_json()),
            )
            self._changed()

    def delete_ssh_public_key(self, server_id: str, user_name: str, key_id: str) -> None:
        """:raises NotStoredError: the user has no such key"""
        with self.transaction():
            self._delete(
                "DELETE FROM ssh_public_keys WHERE server_id = ? AND user_name = ? AND key_id = ?",
                server_id,
                user_name,
                key_id,
            )

    # Host keys

    def host_keys(self, server_id: str) -> list[HostKey]:
        """Return the server's host keys, the oldest first."""
        return self._all(
            HostKey, "SELECT document FROM host_keys WHERE server_id = ? ORDER BY position", server_id
        )

    def host_key(self, server_id: str, host_key_id: str) -> HostKey | None:
        sql = "SELECT document FROM host_keys WHERE server_id = ? AND host_key_id = ?"
        return self._one(HostKey, sql, server_id, host_key_id)

    def put_host_key(self, key: HostKey) -> None:
        """Add the key, or replace its record.

        :raises NotStoredError: there is no such server
        """
        with self.transaction():
            self._insert(
                "INSERT INTO host_keys (server_id, host_key_id, document) VALUES (?, ?, ?)"
                " ON CONFLICT (server_id, host_key_id) DO UPDATE SET document = excluded.document",
                (key.ServerId, key.HostKeyId, key.model_dump_json(exclude_none=True)),
            )
            self._changed(key.ServerId)

    def delete_host_key(self, server_id: str, host_key_id: str) -> None:
        """:raises NotStoredError: the server has no such key"""
        with self.transaction():
            key = self.host_key(server_id, host_key_id)
            self._database.write("DELETE FROM tags WHERE arn = ?", (key.Arn if key else "",))
            sql = "DELETE FROM host_keys WHERE server_id = ? AND host_key_id = ?"
            self._delete(sql, server_id, host_key_id)
            self._changed(server_id)

    # Tags

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of any resource, in the order in which they were first set."""
        return dict(
            self._database.rows("SELECT key, value FROM tags WHERE arn = ? ORDER BY position", (arn,))
        )

    def put_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or change their values."""
        with self.transaction():
            for key, value in tags.items():
                self._database.write(
                    "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?)"
                    " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
                    (arn, key, value),
                )
            self._changed()

    def delete_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags; a key that is not there is passed over, as AWS does."""
        with self.transaction():
            for key in keys:
                self._database.write("DELETE FROM tags WHERE arn = ? AND key = ?", (arn, key))
            self._changed()

    # Workflows

    def workflows(self) -> list[Workflow]:
        """Return all workflows, by id."""
        return self._all(Workflow, "SELECT document FROM workflows ORDER BY workflow_id")

    def workflow(self, workflow_id: str) -> Workflow | None:
        return self._one(Workflow, "SELECT document FROM workflows WHERE workflow_id = ?", workflow_id)

    def put_workflow(self, workflow: Workflow) -> None:
        with self.transaction():
            self._database.write(
                "INSERT INTO workflows VALUES (?, ?)"
                " ON CONFLICT (workflow_id) DO UPDATE SET document = excluded.document",
                (workflow.WorkflowId, workflow.model_dump_json(exclude_none=True)),
            )
            self._changed()

    def delete_workflow(self, workflow_id: str) -> None:
        """Remove the workflow with its executions and tags.

        :raises NotStoredError: it is not there
        """
        with self.transaction():
            workflow = self.workflow(workflow_id)
            self._database.write("DELETE FROM tags WHERE arn = ?", (workflow.Arn if workflow else "",))
            self._delete("DELETE FROM workflows WHERE workflow_id = ?", workflow_id)

    def executions(self, workflow_id: str) -> list[Execution]:
        """Return the workflow's executions, the newest first."""
        sql = "SELECT document FROM executions WHERE workflow_id = ? ORDER BY position DESC"
        return self._all(Execution, sql, workflow_id)

    def execution(self, workflow_id: str, execution_id: str) -> Execution | None:
        sql = "SELECT document FROM executions WHERE workflow_id = ? AND execution_id = ?"
        return self._one(Execution, sql, workflow_id, execution_id)

    def put_execution(self, execution: Execution) -> None:
        """Add the execution, or replace its record.

        :raises NotStoredError: there is no such workflow
        """
        with self.transaction():
            self._insert(
                "INSERT INTO executions (workflow_id, execution_id, document) VALUES (?, ?, ?)"
                " ON CONFLICT (execution_id) DO UPDATE SET document = excluded.document",
                (execution.WorkflowId, execution.ExecutionId, execution.model_dump_json()),
            )

    def step_state(self, token: str) -> StepState | None:
        """Return what was said of the step that waits for this token, if anything yet."""
        return self._one(StepState, "SELECT document FROM step_states WHERE token = ?", token)

    def put_step_state(self, state: StepState) -> None:
        """Keep the answer; a later one for the same token takes its place.

        :raises NotStoredError: there is no such workflow
        """
        self._insert(
            "INSERT INTO step_states VALUES (?, ?, ?)"
            " ON CONFLICT (token) DO UPDATE SET document = excluded.document",
            (state.Token, state.WorkflowId, state.model_dump_json()),
        )

    # What they have in common

    def _one(self, kind: type[_R], sql: str, *arguments: str) -> _R | None:
        found = self._all(kind, sql, *arguments)
        return found[0] if found else None

    def _all(self, kind: type[_R], sql: str, *arguments: str) -> list[_R]:
        return [kind.model_validate_json(document) for (document,) in self._database.rows(sql, arguments)]

    def _users(self, chosen: str, arguments: tuple[str | int, ...]) -> list[User]:
        """One statement reads users and keys, so that both are of the same moment."""
        rows = self._database.rows(
            "SELECT u.user_name, u.document, k.document FROM users u"  # noqa: S608 - `chosen` is text of ours
            f" LEFT JOIN ssh_public_keys k USING (server_id, user_name) {chosen}"
            " ORDER BY user_name, k.position",
            arguments,
        )
        users: dict[str, User] = {}
        keys: dict[str, list[SshPublicKey]] = {}
        for name, document, key in rows:
            if name not in users:
                users[name] = User.model_validate_json(document)
            if key:
                keys.setdefault(name, []).append(SshPublicKey.model_validate_json(key))
        return [u.model_copy(update={"SshPublicKeys": tuple(keys.get(n, ()))}) for n, u in users.items()]

    def _insert(self, sql: str, arguments: tuple[str | bytes, ...]) -> None:
        with _translated():
            self._database.write(sql, arguments)

    def _delete(self, sql: str, *arguments: str) -> None:
        if not self._database.write(sql, arguments):
            raise NotStoredError(sql)
        self._changed()

    def _changed(self, server_id: str = "") -> None:
        self._database.write("UPDATE changes SET revision = revision + 1")
        if server_id:
            sql = "UPDATE servers SET revision = (SELECT revision FROM changes) WHERE server_id = ?"
            self._database.write(sql, (server_id,))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as exc:
        if exc.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
            raise NotStoredError(str(exc)) from exc
        raise AlreadyStoredError(str(exc)) from exc
