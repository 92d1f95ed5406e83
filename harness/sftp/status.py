"""Our errors → SFTP status codes, in one place. Version 3 knows nine codes; richer ones end as FAILURE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from asyncssh import SFTPError, SFTPFailure, SFTPNoSuchFile, SFTPPermissionDenied

from harness.sftp.authorisation import AccessDeniedError, PoliciesUnavailableError
from harness.sftp.directories import BadPathError, UnmappedPathError
from harness.sftp.storage.base import (
    ObjectNotFoundError,
    StorageBusyError,
    StorageDeniedError,
    StorageError,
)
from harness.sftp.window import RandomWriteError

TRANSLATED = (
    StorageError,
    BadPathError,
    UnmappedPathError,
    RandomWriteError,
    AccessDeniedError,
    PoliciesUnavailableError,
)


def sftp_error(exc: BaseException) -> SFTPError:
    """Return what the client is told about one of the `TRANSLATED` errors."""
    match exc:
        case UnmappedPathError() | ObjectNotFoundError():
            return SFTPNoSuchFile("No such file or directory")
        case StorageDeniedError() | AccessDeniedError():
            return SFTPPermissionDenied("Access denied")
        case PoliciesUnavailableError():
            return SFTPFailure("Permissions cannot be checked now")
        case StorageBusyError():
            return SFTPFailure(f"S3 is not available now ({exc.code})")
        case StorageError():
            return SFTPFailure(f"S3 refused the request ({exc.code})")
        case _:
            return SFTPFailure(str(exc))


@contextmanager
def as_sftp_errors() -> Iterator[None]:
    """Translate whatever the block raises on purpose."""
    try:
        yield
    except TRANSLATED as exc:
        raise sftp_error(exc) from exc
