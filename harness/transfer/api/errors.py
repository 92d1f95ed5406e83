"""The errors that clients of the API see, under AWS's names and in its words as far as they are known.

Errors of the service: https://docs.aws.amazon.com/transfer/latest/APIReference/API_CreateServer.html#API_CreateServer_Errors
Errors of every AWS JSON service: https://docs.aws.amazon.com/transfer/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from harness.exceptions import FloodgateError


class ApiError(FloodgateError):
    """One refused request.

    :param code: AWS's name of the error, which SDKs turn into an exception class
    :param message: AWS's words
    :param status: HTTP status
    :param members: further members of the error's shape, such as `Resource`
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **members: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.members = members

    def body(self) -> dict[str, str]:
        """Return the answer's JSON. The service's own errors spell `Message`, the common ones `message`."""
        spelling = "Message" if self.code in _OF_THE_SERVICE else "message"
        return {"__type": self.code, spelling: self.message, **self.members}


_OF_THE_SERVICE = {
    "AccessDeniedException",
    "ConflictException",
    "InternalServiceError",
    "InvalidNextTokenException",
    "InvalidRequestException",
    "ResourceExistsException",
    "ResourceNotFoundException",
    "ServiceUnavailableException",
}


def invalid(message: str) -> ApiError:
    return ApiError("InvalidRequestException", message)


def unknown(kind: str, resource: str, words: str | None = None) -> ApiError:
    """Words and members as live AWS gives them for a user:
    https://github.com/terrablocks/aws-sftp-server/pull/2

    :param kind: `ResourceType`, such as `User`
    """
    message = f"Unknown {words or kind.lower()}"
    return ApiError("ResourceNotFoundException", message, Resource=resource, ResourceType=kind)


def exists(kind: str, resource: str, words: str | None = None) -> ApiError:
    message = f"{words or kind} already exists"
    return ApiError("ResourceExistsException", message, Resource=resource, ResourceType=kind)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def quota(what: str, limit: int) -> ApiError:
    """AWS documents no error for a quota of this service; the API has only this one that fits."""
    return invalid(f"The maximum number of {what} ({limit}) has been reached")


def bad_token() -> ApiError:
    return ApiError("InvalidNextTokenException", "The NextToken parameter that was passed is invalid.")


def unreadable(message: str) -> ApiError:
    """The body is not what the protocol asks for, before any rule of the service is looked at."""
    return ApiError("SerializationException", message)


def unknown_operation(status: int = 400, message: str = "") -> ApiError:
    return ApiError("UnknownOperationException", message, status=status)


def of_a_web_page() -> ApiError:
    """Browsers tell where each POST of a page comes from; the AWS CLI and the SDKs do not."""
    return ApiError("AccessDeniedException", "This endpoint does not answer web pages", status=403)


def not_available(what: str, instead: str) -> ApiError:
    """What AWS has and this stand-in does not: better refused than kept and never done."""
    return invalid(f"{what} is not available in this stand-in of Transfer Family; {instead}")


def internal(message: str) -> ApiError:
    return ApiError("InternalServiceError", message, status=500)
