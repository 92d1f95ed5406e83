"""Listings of more than one page, of keys that have to be encoded.

Asked for URL-encoded keys, as boto3 always does, LocalStack encodes them first and then compares them with
where the last page ended: a space or a letter beyond ASCII sorts elsewhere, so that keys are left out, or a
page comes again for ever. Here it lists plain keys, and what it answers is encoded. 4.14.0 also fails on a
page that begins with a letter beyond ASCII.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

Imports LocalStack only to patch it, so that the rest can be tested without it.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

OPERATIONS = ("list_objects", "list_objects_v2", "list_object_versions")
_FIELDS = ("Delimiter", "Prefix", "StartAfter", "Marker", "NextMarker", "KeyMarker", "NextKeyMarker")
_LISTS = {"Contents": "Key", "Versions": "Key", "DeleteMarkers": "Key", "CommonPrefixes": "Prefix"}


def encoded_last(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a listing so that keys are encoded in its answer only."""

    @functools.wraps(operation)
    def listing(self: Any, context: Any, **request: Any) -> Any:
        if request.get("encoding_type") != "url":
            return operation(self, context, **request)
        answer = operation(self, context, **{**request, "encoding_type": None})
        for name in _FIELDS:
            if answer.get(name):
                answer[name] = quote(answer[name])
        for name, key in _LISTS.items():
            for entry in answer.get(name) or ():
                entry[key] = quote(entry[key])
        answer["EncodingType"] = "url"
        return answer

    return listing


def key_of_token(token: str | None) -> str:
    """Return the key that a page of 4.14.0 begins with; that one reads it as ASCII."""
    return base64.b64decode(token, altchars=b"._").decode() if token else ""


@named_patch("s3-listing")
def apply() -> None:
    """Patch S3's three listings."""
    from localstack.services.s3 import provider

    for name in OPERATIONS:
        replace(provider.S3Provider, name, encoded_last(getattr(provider.S3Provider, name)))
    if hasattr(provider, "decode_continuation_token"):  # 4.14.0
        replace(provider, "decode_continuation_token", key_of_token)
