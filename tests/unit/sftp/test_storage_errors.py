from __future__ import annotations

import asyncio

import pytest
from asyncssh import FX_FAILURE, FX_NO_SUCH_FILE, FX_PERMISSION_DENIED

from harness.sftp.authorisation import AccessDeniedError
from harness.sftp.directories import BadPathError, UnmappedPathError
from harness.sftp.status import TRANSLATED, sftp_error
from harness.sftp.storage import obstore_client
from harness.sftp.storage.base import (
    ObjectNotFoundError,
    StorageBusyError,
    StorageDeniedError,
    StorageError,
)
from harness.sftp.storage.errors import error_for_code
from harness.sftp.storage.obstore_client import ObstoreClient, to_storage_error
from harness.sftp.window import RandomWriteError

pytestmark = pytest.mark.unit

ANSWER = (
    "Generic S3 error: Error performing PUT http://127.0.0.1:4566/b/k - Server returned non-2xx status "
    "code: {status}: <?xml version='1.0' encoding='utf-8'?>\n"
    "<Error><Code>{code}</Code><Message>Said.</Message></Error>"
)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("404 Not Found", "NoSuchKey", ObjectNotFoundError),
        ("404 Not Found", "NoSuchBucket", ObjectNotFoundError),
        ("403 Forbidden", "AccessDenied", StorageDeniedError),
        ("503 Service Unavailable", "SlowDown", StorageBusyError),
        ("500 Internal Server Error", "InternalError", StorageBusyError),
        ("416 Range Not Satisfiable", "InvalidRange", StorageError),
    ],
)
def test_answers_of_s3(status: str, code: str, kind: type[StorageError]) -> None:
    error = to_storage_error(ANSWER.format(status=status, code=code))
    assert type(error) is kind
    assert (error.code, error.message) == (code, "Said.")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("HTTP error: error sending request\n inner: HttpError { kind: Connect,", "ConnectError"),
        ("HTTP error\n inner: HttpError { kind: Timeout,", "RequestTimeout"),
    ],
)
def test_no_answer(text: str, code: str) -> None:
    error = to_storage_error(text)
    assert type(error) is StorageBusyError
    assert error.code == code


def test_an_answer_without_a_body_goes_by_its_status() -> None:
    assert type(error_for_code("404", "", 404)) is ObjectNotFoundError
    assert type(error_for_code("403", "", 403)) is StorageDeniedError
    assert type(error_for_code("Unheard", "", 502)) is StorageBusyError
    assert type(error_for_code("Unheard", "", 400)) is StorageError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ObjectNotFoundError("", code="NoSuchKey"), FX_NO_SUCH_FILE),
        (UnmappedPathError("/x"), FX_NO_SUCH_FILE),
        (StorageDeniedError("", code="AccessDenied"), FX_PERMISSION_DENIED),
        (AccessDeniedError(), FX_PERMISSION_DENIED),
        (StorageBusyError("", code="SlowDown"), FX_FAILURE),
        (StorageError("", code="Odd"), FX_FAILURE),
        (BadPathError("why"), FX_FAILURE),
        (RandomWriteError(), FX_FAILURE),
    ],
)
def test_status_codes(error: Exception, code: int) -> None:
    assert isinstance(error, TRANSLATED)
    assert sftp_error(error).code == code


@pytest.mark.parametrize(
    ("key", "can"),
    [("a/b c+%é😀", True), ("a/", False), ("a\tb", False), ("a\x7f", False), ("a\nb", False), ("", False)],
)
def test_keys_that_obstore_passes_on_unchanged(key: str, can: bool) -> None:
    assert ObstoreClient.can_name(key) is can


class Calls:
    """A call that fails so many times before it works."""

    def __init__(self, code: str, failures: int) -> None:
        self.count = 0
        self._code = code
        self._failures = failures

    async def __call__(self) -> str:
        self.count += 1
        if self.count <= self._failures:
            raise StorageBusyError("busy", code=self._code)
        return "done"


@pytest.mark.parametrize(
    ("code", "failures", "calls", "works"),
    [
        ("SlowDown", 2, 3, True),
        ("SlowDown", 9, 3, False),
        ("ConnectError", 1, 2, True),
        pytest.param("RequestTimeout", 1, 1, False, id="a timeout may have written: never again"),
    ],
)
def test_retries(monkeypatch: pytest.MonkeyPatch, code: str, failures: int, calls: int, works: bool) -> None:
    monkeypatch.setattr(obstore_client, "_RETRY_DELAYS_S", (0.0, 0.0))
    call = Calls(code, failures)
    if works:
        assert asyncio.run(obstore_client._retried(call)) == "done"
    else:
        with pytest.raises(StorageBusyError):
            asyncio.run(obstore_client._retried(call))
    assert call.count == calls
