"""Conditional copies in S3: `If-None-Match` and `If-Match` on the destination, checked and done in one piece.

LocalStack 4.9.2 does not know them for `CopyObject` (S3 has had them since October 2025, 4.14.0 has):
a copy that is asked for twice makes two versions where S3 refuses the second. 4.14.0 checks them once the
bytes are written: in a bucket without versions a copy that it refuses has overwritten the object. And 4.9.2
and 4.14.0 check them in `CompleteMultipartUpload` before they write, not while they write: of two requests at
once both are done.
And both versions store an object first and its tags afterwards, so that for a moment a copy is there whose
tags are not; S3 shows an object with its tags or not at all. Who asks for tags therefore waits for the write.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

_LOCK_COUNT = 256


class KeyLocks:
    """A fixed number of locks, given to keys by hash: two keys that share one only wait for each other."""

    def __init__(self, count: int = _LOCK_COUNT) -> None:
        self._locks = [threading.RLock() for _ in range(count)]

    def of(self, bucket: str, key: str) -> threading.RLock:
        """Return the lock of a key."""
        return self._locks[hash((bucket, key)) % len(self._locks)]


def checked_copy(
    copy: Callable[..., Any], check: Callable[[Any, Any, Mapping[str, str]], None], locks: KeyLocks
) -> Callable[..., Any]:
    """Wrap `copy_object` so that a conditional request is checked and carried out in one piece.

    The lock spans the whole copy, tags included: who is refused finds a complete object.

    :param check: raises S3's error when the condition does not hold
    """

    @functools.wraps(copy)
    def copy_object(self: Any, context: Any, request: Mapping[str, Any]) -> Any:
        headers = context.request.headers
        if not (headers.get("If-None-Match") or headers.get("If-Match")):
            return copy(self, context, request)
        with locks.of(request["Bucket"], request["Key"]):
            check(self, context, request)
            return copy(self, context, request)

    return copy_object


def locked(operation: Callable[..., Any], locks: KeyLocks) -> Callable[..., Any]:
    """Wrap an operation on one object so that it waits for those that write the same key."""

    @functools.wraps(operation)
    def alone(self: Any, context: Any, bucket: str, key: str, **more: Any) -> Any:
        with locks.of(bucket, key):
            return operation(self, context, bucket=bucket, key=key, **more)

    return alone


def locked_copy(copy: Callable[..., Any], locks: KeyLocks) -> Callable[..., Any]:
    """Wrap `copy_object` so that nobody reads the tags of what is being written."""

    @functools.wraps(copy)
    def copy_object(self: Any, context: Any, request: Mapping[str, Any]) -> Any:
        with locks.of(request["Bucket"], request["Key"]):
            return copy(self, context, request)

    return copy_object


_LOCKS = KeyLocks()
"""One set for all of them, since they compete for the same keys."""


@named_patch("s3-tags-with-object")
def apply_tags_with_object() -> None:
    from localstack.services.s3.provider import S3Provider

    replace(S3Provider, "copy_object", locked_copy(S3Provider.copy_object, _LOCKS))
    replace(S3Provider, "get_object_tagging", locked(S3Provider.get_object_tagging, _LOCKS))


@named_patch("s3-conditional-complete")
def apply_conditional_complete() -> None:
    from localstack.services.s3.provider import S3Provider

    complete = S3Provider.complete_multipart_upload
    replace(S3Provider, "complete_multipart_upload", locked(complete, _LOCKS))


@named_patch("s3-conditional-copy")
def apply_conditional_copy() -> None:
    from localstack.services.s3 import provider

    def check(self: Any, context: Any, request: Mapping[str, Any]) -> None:
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        if_match = context.request.headers.get("If-Match")
        if if_match:
            provider.verify_object_equality_precondition_write(bucket, request["Key"], if_match)
        elif context.request.headers["If-None-Match"] != "*":
            raise provider.NotImplementedException(
                "A header you provided implies functionality that is not implemented", Header="If-None-Match"
            )
        elif provider.object_exists_for_precondition_write(bucket, request["Key"]):
            raise provider.PreconditionFailed(
                "At least one of the pre-conditions you specified did not hold", Condition="If-None-Match"
            )

    copy = provider.S3Provider.copy_object
    replace(provider.S3Provider, "copy_object", checked_copy(copy, check, _LOCKS))


def apply() -> None:
    apply_tags_with_object()
    apply_conditional_copy()
    apply_conditional_complete()
