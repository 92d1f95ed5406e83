"""Takes over servers and users from the Transfer API of the engine, where it has one.

Some engines keep servers and users without serving them as AWS does. What they list is put into the store
under the same ids, tagged `floodgate:source`; what they no longer list goes. Only service-managed servers:
others keep no users. Members that an engine does not keep (MiniStack: policies, banners) are as if not given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from botocore.config import Config
from pydantic import ValidationError

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError
from harness.transfer.api import Control, keys
from harness.transfer.api.errors import ApiError
from harness.transfer.api.host_keys import given_or_made
from harness.transfer.model import Server, User

SOURCE_TAG = "floodgate:source"
_LONGEST_WAIT_S = 60.0
"""Between two questions to an engine that does not answer them."""
_OF_THE_ENGINE = "engine"
_NOT_OF_THE_RECORD = {"HostKeyFingerprint", "UserCount", "Tags", "As2ServiceManagedEgressIpAddresses"}
_LIMITS = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})
_log = logging.getLogger(__name__)


class Mirror:
    """Reads the engine's API again and again, in a thread of its own.

    :param control: of our own API: its store is written, and its `on_change` is told
    """

    def __init__(self, control: Control, engine: EngineInfo, *, refresh_s: float) -> None:
        self._control = control
        self._engine = engine
        self._refresh_s = refresh_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when nothing more is written."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        """An engine without the API, or one that does not answer now, is asked again later."""
        reader = EngineTransfer(self._engine)
        told, wait_s = "", self._refresh_s
        while not self._stopping.is_set():
            try:
                self.take_over(reader)
                wait_s = self._refresh_s
            except FloodgateError as exc:
                if exc.message != told:
                    _log.info("no servers from the engine: %s", exc.message)
                told, wait_s = exc.message, min(2 * wait_s, _LONGEST_WAIT_S)
            self._stopping.wait(wait_s)

    def take_over(self, reader: EngineTransfer) -> None:
        """Make the store's share of the engine equal to the engine.

        :raises FloodgateError: the engine has no such API, or does not answer
        """
        listed = {server.ServerId: server for server in reader.servers()}
        for gone in self._taken_over() - listed.keys():
            self._control.store.delete_server(gone)
            self._control.on_change(gone)
        for server in listed.values():
            self._take_server(server)
            self._take_users(server, reader.users(server))

    def _taken_over(self) -> set[str]:
        store = self._control.store
        return {s.ServerId for s in store.servers() if store.tags(s.Arn).get(SOURCE_TAG) == _OF_THE_ENGINE}

    def _take_server(self, server: Server) -> None:
        """The state is asked for, not copied: it is ours to reach."""
        store = self._control.store
        old = store.server(server.ServerId)
        is_wanted = server.State in ("STARTING", "ONLINE")
        state = old.State if old else ("STARTING" if is_wanted else "OFFLINE")
        if old is not None and is_wanted != (old.State in ("STARTING", "ONLINE", "START_FAILED")):
            state = "STARTING" if is_wanted else "STOPPING"
        new = server.model_copy(update={"State": state})
        if new == old:
            return
        with store.transaction():
            store.put_server(new)
            store.put_tags(new.Arn, {SOURCE_TAG: _OF_THE_ENGINE})
            if not store.host_keys(new.ServerId):
                store.put_host_key(given_or_made(self._control, new.ServerId, None))
        self._control.on_change(new.ServerId)

    def _take_users(self, server: Server, users: Iterable[User]) -> None:
        store = self._control.store
        old = {user.UserName: user for user in store.users(server.ServerId)}
        for user in users:
            if old.pop(user.UserName, None) != user:
                self._replace_user(user)
        for name in old:
            store.delete_user(server.ServerId, name)

    def _replace_user(self, user: User) -> None:
        store = self._control.store
        wires = {}
        for key in user.SshPublicKeys:
            try:
                wires[key.SshPublicKeyId] = keys.public_key(key.SshPublicKeyBody)
            except ApiError as exc:
                _log.warning("a key of the engine's user %s is left out: %s", user.UserName, exc)
        kept = tuple(key for key in user.SshPublicKeys if key.SshPublicKeyId in wires)
        with store.transaction():
            if store.user(user.ServerId, user.UserName) is not None:
                store.delete_user(user.ServerId, user.UserName)
            store.add_users([user.model_copy(update={"SshPublicKeys": kept})], wires)


class EngineTransfer:
    """The engine's Transfer API, as records."""

    def __init__(self, engine: EngineInfo) -> None:
        self._client = client("transfer", engine, config=_LIMITS)

    def servers(self) -> list[Server]:
        """:raises FloodgateError: the engine has no such API, or does not answer"""
        with translated("asking the engine for its servers"):
            ids = [row["ServerId"] for row in self._rows("list_servers", "Servers")]
            described = [self._client.describe_server(ServerId=each)["Server"] for each in ids]
        servers = [_record(Server, fields) for fields in described]
        return [each for each in servers if each and each.IdentityProviderType == "SERVICE_MANAGED"]

    def users(self, server: Server) -> list[User]:
        """:raises FloodgateError: as `servers`"""
        server_id = server.ServerId
        with translated(f"asking the engine for the users of {server_id}"):
            names = [row["UserName"] for row in self._rows("list_users", "Users", ServerId=server_id)]
            described = [
                self._client.describe_user(ServerId=server_id, UserName=name)["User"] for name in names
            ]
        users = (_record(User, {**fields, "ServerId": server_id}) for fields in described)
        return [user for user in users if user]

    def _rows(self, operation: str, member: str, **given: Any) -> list[dict[str, Any]]:
        """Return all pages of a listing."""
        rows: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = getattr(self._client, operation)(**given, **token)
            rows += answer[member]
            if not answer.get("NextToken"):
                return rows
            token = {"NextToken": answer["NextToken"]}


def _record(kind: type[Any], fields: dict[str, Any]) -> Any | None:
    """Return what the engine described as a record; None, and a line in the log, for what does not fit."""
    known = {name: value for name, value in fields.items() if name not in _NOT_OF_THE_RECORD}
    for key in known.get("SshPublicKeys", ()):
        key["DateImported"] = key["DateImported"].timestamp()
    try:
        return kind.model_validate(known)
    except ValidationError as exc:
        _log.warning("the engine's %s is not taken over: %s", fields.get("Arn"), exc)
        return None
