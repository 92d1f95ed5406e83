"""Conditional copies in S3: `If-None-Match` and `If-Match` on the destination, which MiniStack ignores.

It knows them for what is put and for what is completed from parts. Without them a copy that is asked for
twice makes two versions where S3 refuses the second. It serves S3 from one thread, so that check and copy are
one piece.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def apply() -> None:
    """Have copies checked as whatever else is written."""
    s3: Any = import_module("ministack.services.s3")
    copy = s3._copy_object

    def copy_if(bucket_name: str, key: str, headers: dict[str, str]) -> Any:
        bucket = s3._ensure_bucket(bucket_name) or {}
        refused = s3._check_put_preconditions(headers, bucket.get("objects", {}).get(key))
        return refused or copy(bucket_name, key, headers)

    s3._copy_object = copy_if
