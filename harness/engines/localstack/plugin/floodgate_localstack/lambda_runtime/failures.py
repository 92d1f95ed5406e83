"""The payloads that AWS Lambda returns when a function does not answer for itself.

Shapes: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html and the messages of AWS's runtime
interface emulator, https://github.com/aws/aws-lambda-runtime-interface-emulator.
"""

import json
import signal
from datetime import UTC, datetime

RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024 + 100


def timestamp(at_s: float) -> str:
    """Epoch seconds as AWS writes them in log lines: UTC with milliseconds and Z."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def timed_out_message(request_id: str, timeout_s: float, at_s: float) -> str:
    """The line that AWS logs for an invocation past its timeout."""
    return f"{timestamp(at_s)} {request_id} Task timed out after {timeout_s:.2f} seconds"


def timed_out(request_id: str, timeout_s: float) -> bytes:
    """Payload of an invocation past its timeout. Step Functions knows the error by this type."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    return _encode({"errorType": "Sandbox.Timedout", "errorMessage": message})


def exit_reason(return_code: int) -> str:
    """How AWS words the end of a runtime process; negative codes are signals, as in `subprocess`."""
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code < 0:
        return f"Runtime exited with error: signal: {_signal_name(-return_code)}"
    return f"Runtime exited with error: exit status {return_code}"


def _signal_name(number: int) -> str:
    # Go, in which AWS's agent is written, uses the C library's names in lower case: "killed", "terminated".
    text = signal.strsignal(number) or f"signal {number}"
    return text.lower()


def exited(request_id: str, return_code: int) -> bytes:
    """Payload of an invocation whose process ended by itself."""
    message = f"RequestId: {request_id} Error: {exit_reason(return_code)}"
    return _encode({"errorType": "Runtime.ExitError", "errorMessage": message})


def response_too_large(limit_bytes: int = RESPONSE_LIMIT_BYTES) -> bytes:
    """Payload of an invocation whose handler returned more than Lambda carries."""
    message = f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes)."
    return _encode({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})


def with_request_id(error_body: bytes, request_id: str) -> bytes:
    """The runtime's own init error, which knows no request, as the answer to `request_id`."""
    try:
        error = json.loads(error_body)
    except ValueError:
        error = {"errorMessage": error_body.decode("utf-8", "replace"), "errorType": "Runtime.Unknown"}
    return _encode({**error, "requestId": request_id}) if isinstance(error, dict) else error_body


def _encode(payload: dict[str, object]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()
