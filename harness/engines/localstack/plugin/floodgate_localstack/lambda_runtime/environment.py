"""One execution environment: started once, invoked many times, as on AWS."""

import signal
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus

from floodgate_localstack.lambda_runtime import answers, failures, log_lines
from floodgate_localstack.lambda_runtime.answers import Answer, InitFailure, Usage
from floodgate_localstack.lambda_runtime.channel import (
    DeadlineError,
    Received,
    RuntimeExitedError,
    accepted,
    refused,
)
from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec, Outcome, Request
from floodgate_localstack.lambda_runtime.log_capture import LogCapture
from floodgate_localstack.lambda_runtime.process import RuntimeProcess
from floodgate_localstack.lambda_runtime.settings import Settings
from floodgate_localstack.lambda_runtime.spawner import Spawner


class RuntimeEnvironment:
    """Starts, invokes and stops a runtime process.

    `start` does not raise for what the function's code does: a failed init is the answer to the first
    invocation, as on AWS. After an answer that ended the process the environment is no longer alive; an
    invocation then starts it anew, which the pool avoids by stopping it.
    """

    def __init__(
        self,
        environment_id: str,
        function: FunctionSpec,
        settings: Settings,
        spawner: Spawner,
        response_limit_bytes: int = failures.RESPONSE_LIMIT_BYTES,
    ) -> None:
        self.id = environment_id
        self.function = function
        self._settings = settings
        self._spawner = spawner
        self._response_limit_bytes = response_limit_bytes
        self._capture = LogCapture()
        self._engine_variables: Mapping[str, object] = {}
        self._process: RuntimeProcess | None = None
        self._init_failure: InitFailure | None = None
        self._init_ms: float | None = None
        self._max_memory_mb = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def start(self, engine_variables: Mapping[str, object]) -> None:
        """Start the process and wait until its handler is loaded, has failed, or took too long.

        Raises OSError where the process cannot be started at all.
        """
        with self._lock:
            self._engine_variables = engine_variables
            started_s = time.monotonic()
            self._launch()
            self._initialise(started_s)

    def stop(self) -> None:
        """Kill the process and whatever it started; an invocation in progress ends as a crash."""
        self._stopped.set()
        if process := self._process:
            process.kill()
        with self._lock:
            self._discard()

    def kill_process(self) -> None:
        """Kill the process and whatever it started; an invocation in progress ends as a crash."""
        if process := self._process:
            process.kill()

    @property
    def access_key_id(self) -> str:
        """The id of the credentials that the function's calls are signed with: no other environment's."""
        return str(self._engine_variables.get("AWS_ACCESS_KEY_ID", ""))

    def is_alive(self) -> bool:
        """Whether there is a process that can take an invocation; there is none after a failed init."""
        process = self._process
        if process is None or self._init_failure is not None:
            return False
        return not self._stopped.is_set() and not process.has_exited()

    def invoke(self, request: Request) -> Outcome:
        """Run one invocation to its end. Raises OSError where no process can be started."""
        with self._lock:
            self._capture.add(log_lines.start_line(request.request_id, self.function.version), _now_ms())
            started_s = time.monotonic()
            answer = self._answer(request, started_s + self.function.timeout_s)
            duration_ms = (time.monotonic() - started_s) * 1000
            return self._outcome(request, answer, duration_ms)

    # -- init ---------------------------------------------------------------------------------------

    def _launch(self) -> None:
        self._process = RuntimeProcess(
            self.function,
            self._settings,
            self._spawner,
            self._capture,
            self._settings.folder / "environments" / self.id,
            self._engine_variables,
            self._response_limit_bytes,
        )

    def _initialise(self, started_s: float) -> None:
        process = self._process
        assert process is not None
        try:
            received = process.receive(started_s + self._settings.init_timeout_s)
        except RuntimeExitedError:
            code = self._discard()
            self._init_failed(started_s, InitFailure("Runtime.ExitError", return_code=code))
        except DeadlineError:
            # AWS runs the init once more with the first invocation, within the function's own timeout.
            self._discard()
            self._report_init(started_s, "timeout")
        else:
            self._first_call(process, received, started_s)

    def _first_call(self, process: RuntimeProcess, received: Received, started_s: float) -> None:
        if received.call.action != "init/error":
            process.parked = received
            self._init_ms = (time.monotonic() - started_s) * 1000
            return
        accepted(received)
        self._init_failed(started_s, InitFailure(_error_type(received), received.call.body))

    def _init_failed(self, started_s: float, failure: InitFailure) -> None:
        self._init_failure = failure
        self._report_init(started_s, "error", failure.error_type)

    def _report_init(self, started_s: float, status: str, error_type: str | None = None) -> None:
        if self._process is not None:
            self._process.read_output()
        init_ms = (time.monotonic() - started_s) * 1000
        self._capture.add(log_lines.init_report_line(init_ms, status, error_type), _now_ms())

    # -- invocation ---------------------------------------------------------------------------------

    def _answer(self, request: Request, deadline_s: float) -> Answer:
        if failure := self._init_failure:
            self._init_failure = None
            return failure.answer(request.request_id)
        try:
            return self._exchange(request, deadline_s)
        except RuntimeExitedError:
            return answers.crashed(request.request_id, self._discard())
        except DeadlineError:
            return answers.timed_out(request.request_id, self.function.timeout_s, time.time())

    def _exchange(self, request: Request, deadline_s: float) -> Answer:
        if self._stopped.is_set():
            raise RuntimeExitedError
        if self._process is None:
            self._launch()
        process = self._process
        assert process is not None
        while True:
            received = process.parked or process.receive(deadline_s)
            process.parked = None
            answer = self._handle(received, request, deadline_s)
            if answer is not None:
                return answer

    def _handle(self, received: Received, request: Request, deadline_s: float) -> Answer | None:
        """Do what a call of the runtime asks for; the answer where it ends the invocation."""
        action = received.call.action
        if action == "invocation/next":
            _hand_over(received, request, deadline_s)
            return None
        if action == f"invocation/{request.request_id}/response":
            return self._response(received)
        if action == f"invocation/{request.request_id}/error":
            accepted(received)
            return Answer(received.call.body, is_error=True, reusable=True)
        if action == "init/error":
            accepted(received)
            return InitFailure(_error_type(received), received.call.body).answer(request.request_id)
        refused(received, HTTPStatus.FORBIDDEN, "InvalidRequestID")
        return None

    def _response(self, received: Received) -> Answer:
        if received.call.body_bytes <= self._response_limit_bytes:
            accepted(received)
            return Answer(received.call.body, is_error=False, reusable=True)
        refused(received, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Function.ResponseSizeTooLarge")
        return answers.too_large(self._response_limit_bytes)

    def _outcome(self, request: Request, answer: Answer, duration_ms: float) -> Outcome:
        if process := self._process:
            self._max_memory_mb = max(self._max_memory_mb, process.peak_memory_mb())
            process.read_output()
        if not answer.reusable:
            self._discard()
        init_ms, self._init_ms = self._init_ms, None
        usage = Usage(duration_ms, self.function.memory_mb, self._max_memory_mb, init_ms)
        answers.write_closing_lines(self._capture, request.request_id, answer, usage, _now_ms())
        return Outcome(answer.payload, answer.is_error, duration_ms, init_ms, self._capture.take())

    def _discard(self) -> int:
        """Kill the process if there is one, and return its return code."""
        process, self._process = self._process, None
        return process.close() if process is not None else -signal.SIGKILL


def _hand_over(received: Received, request: Request, deadline_s: float) -> None:
    """Answer the runtime's `next` call with the invocation."""
    deadline_ms = int((time.time() + deadline_s - time.monotonic()) * 1000)
    headers = {
        "Lambda-Runtime-Aws-Request-Id": request.request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": request.invoked_arn,
        "Lambda-Runtime-Trace-Id": request.trace_id,
    }
    if request.client_context:
        headers["Lambda-Runtime-Client-Context"] = request.client_context
    try:
        received.connection.answer(HTTPStatus.OK, request.payload, headers)
    except OSError as exc:
        raise RuntimeExitedError from exc


def _error_type(received: Received) -> str:
    return received.call.headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")


def _now_ms() -> int:
    return int(time.time() * 1000)
