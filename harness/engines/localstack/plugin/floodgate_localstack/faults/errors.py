"""AWS's error codes and the HTTP status that they come with. Imports nothing of LocalStack.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html. A code that is not
here has the status that the service's own model gives it, or else 400.
"""

from __future__ import annotations

from typing import Any

_S3 = {
    "AccessDenied": 403,
    "AllAccessDisabled": 403,
    "BucketAlreadyExists": 409,
    "InternalError": 500,
    "InvalidObjectState": 403,
    "InvalidRange": 416,
    "MethodNotAllowed": 405,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NoSuchVersion": 404,
    "OperationAborted": 409,
    "PreconditionFailed": 412,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
}
_ANY = {
    "AccessDenied": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "ServiceException": 500,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "TooManyRequestsException": 429,
}
_FIRST_SERVER_STATUS = 500


def status_of(code: str, service: str, model: Any = None) -> int:
    """Return the HTTP status of an error code.

    :param model: botocore's model of the service, whose errors are looked through
    """
    known = _S3 if service == "s3" else _ANY
    if code in known:
        return known[code]
    for shape in getattr(model, "error_shapes", ()):
        error = shape.metadata.get("error", {})
        if code in (shape.name, error.get("code")) and "httpStatusCode" in error:
            return int(error["httpStatusCode"])
    return 400


def is_senders_fault(status: int) -> bool:
    """Tell which side AWS blames: the query protocol says so in its answer."""
    return status < _FIRST_SERVER_STATUS
