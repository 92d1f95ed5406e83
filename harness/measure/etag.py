"""What an S3 ETag says about bytes."""

from __future__ import annotations

_MD5_DIGITS = 32


def md5_of(etag: str | None) -> int | None:
    """Return the MD5 that an ETag is, as a number (half the memory of its text); `None` where it is none.

    It is none after a multipart upload (`<hex>-<parts>`). Under SSE-KMS it looks like one and is not
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
    """
    digits = etag.strip('"') if etag else ""
    if len(digits) != _MD5_DIGITS:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
