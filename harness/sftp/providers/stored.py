"""Service-managed users, read from the control plane's store at each login: who was just added gets in.

They have keys only: https://docs.aws.amazon.com/transfer/latest/userguide/service-managed-users.html
"""

from __future__ import annotations

from harness.exceptions import EnvironmentNotReadyError, IdentityProviderError
from harness.sftp.identity import AuthenticationMethods, LoginAttempt, User, to_mapping
from harness.transfer import model
from harness.transfer.store import TransferStore


class StoreUsers:
    """Users of one server in the store."""

    methods = AuthenticationMethods.PUBLIC_KEY

    def __init__(self, store: TransferStore, server_id: str) -> None:
        self._store = store
        self._server_id = server_id

    async def authenticate(self, attempt: LoginAttempt) -> User | None:
        """A password opens nothing here."""
        if attempt.password is not None:
            return None
        try:
            found = self._store.user_with_keys_as_sent(self._server_id, attempt.user_name)
        except EnvironmentNotReadyError as exc:
            raise IdentityProviderError(f"the users cannot be read: {exc.message}", hint=exc.hint) from exc
        return user_of(*found) if found is not None else None


def user_of(record: model.User, public_keys: frozenset[bytes]) -> User:
    """Return the record as a login. Without a home directory, a session begins in `/`."""
    mappings = (to_mapping(m.Entry, m.Target, record.UserName, m.Type) for m in record.HomeDirectoryMappings)
    return User(
        name=record.UserName,
        role_arn=record.Role,
        public_keys=public_keys,
        home_directory_type=record.HomeDirectoryType,
        home_directory=record.HomeDirectory or "/",
        mappings=tuple(mappings),
        policy=record.Policy or None,
    )
