"""S3's error codes → our errors, in one table.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from harness.sftp.storage.base import (
    ObjectNotFoundError,
    StorageBusyError,
    StorageDeniedError,
    StorageError,
)

_KINDS: dict[str, type[StorageError]] = {
    "NoSuchKey": ObjectNotFoundError,
    "NoSuchBucket": ObjectNotFoundError,
    "NoSuchVersion": ObjectNotFoundError,
    "NoSuchUpload": ObjectNotFoundError,
    "NotFound": ObjectNotFoundError,
    "AccessDenied": StorageDeniedError,
    "AllAccessDisabled": StorageDeniedError,
    "Forbidden": StorageDeniedError,
    "InvalidAccessKeyId": StorageDeniedError,
    "SignatureDoesNotMatch": StorageDeniedError,
    "ExpiredToken": StorageDeniedError,
    "SlowDown": StorageBusyError,
    "ServiceUnavailable": StorageBusyError,
    "InternalError": StorageBusyError,
    "RequestTimeout": StorageBusyError,
}
_BY_STATUS: dict[int, type[StorageError]] = {
    401: StorageDeniedError,
    403: StorageDeniedError,
    404: ObjectNotFoundError,
    429: StorageBusyError,
}


def error_for_code(code: str, message: str, http_status: int) -> StorageError:
    """Return the error for an answer of S3. HEAD answers have no body, so the status decides for them."""
    kind = _KINDS.get(code) or _BY_STATUS.get(http_status)
    if kind is None:
        kind = StorageBusyError if http_status >= 500 else StorageError
    return kind(message, code=code)
