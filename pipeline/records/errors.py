"""The short name of an error, as a row's `error_type` and the report show it."""

from __future__ import annotations

from botocore.exceptions import ClientError


class RowNotWrittenError(Exception):
    """DynamoDB refused a row for another reason than its state."""


def error_type(error: BaseException) -> str:
    """Return AWS's error code, or the exception's class without `Error`."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__.removesuffix("Error")
