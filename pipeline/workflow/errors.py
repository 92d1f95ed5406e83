"""Errors as Step Functions sees them: the class name is what `Retry` and `Catch` of a definition match.

    Exception
    ├── TransientError          another try may help: the definitions retry it, with backoff
    ├── PermanentError          AWS says no: recorded at once
    ├── NothingToDoError        not a failure: the execution ends, and has succeeded
    └── RefusedError            the file may not pass: recorded at once, the source stays
        ├── MalformedEventError     ├── TooLargeError
        ├── EmptyNameError          ├── DisallowedTypeError
        ├── InvalidNameError        ├── ChecksumMismatchError
        ├── NameTooLongError        ├── CsvInvalidError
        └── PartialUploadError

The first two carry the short name of what happened at the start of their text (`SlowDown: …`), so that rows
can be grouped by it while the definitions need not list all names that AWS has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
)

from pipeline.common.deadline import DeadlineReachedError
from pipeline.records.rows import Row
from pipeline.transfer.copying import DestinationContestedError

_TRANSIENT_CODES = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
    }
)
_SERVER_ERROR = 500


class TransientError(Exception):
    """Another try may help."""


class PermanentError(Exception):
    """AWS refused a call, and will again."""


class NothingToDoError(Exception):
    """Another execution has the file or has ended it, or it is the marker of a folder.

    :param row: the row of a file that could not be claimed
    """

    def __init__(self, text: str, row: Row | None = None) -> None:
        super().__init__(text)
        self.row = row


class RefusedError(Exception):
    """The file may not pass."""


class MalformedEventError(RefusedError):
    """The input of the execution is no upload."""


class EmptyNameError(RefusedError):
    """The name after the last `/` is empty or blank."""


class InvalidNameError(RefusedError):
    """The name has control characters."""


class NameTooLongError(RefusedError):
    """The name is longer than file systems take."""


class TooLargeError(RefusedError):
    """The file is larger than allowed."""


class DisallowedTypeError(RefusedError):
    """Its suffix or its content is not on the list."""


class ChecksumMismatchError(RefusedError):
    """The bytes are not those that the sender, or the first reading, has told of."""


class CsvInvalidError(RefusedError):
    """The file is no CSV of RFC 4180."""


class PartialUploadError(RefusedError):
    """The upload broke off, and what had arrived is no file to be delivered."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of AWS's client and of the copier into those that the definitions know."""
    try:
        yield
    except ClientError as exc:
        raise _of_client_error(exc) from exc
    except (HTTPClientError, ConnectionError, IncompleteReadError) as exc:
        raise TransientError(f"{short_name(exc)}: {exc}") from exc
    except BotoCoreError as exc:
        raise PermanentError(f"{short_name(exc)}: {exc}") from exc
    except (DeadlineReachedError, DestinationContestedError) as exc:
        raise TransientError(f"{short_name(exc)}: {exc}") from exc


def short_name(error: BaseException) -> str:
    """Return the name of an error in a row."""
    return type(error).__name__.removesuffix("Error")


def _of_client_error(exc: ClientError) -> Exception:
    code = exc.response.get("Error", {}).get("Code", "Unknown")
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = TransientError if code in _TRANSIENT_CODES or status >= _SERVER_ERROR else PermanentError
    return kind(f"{code}: {exc}")
