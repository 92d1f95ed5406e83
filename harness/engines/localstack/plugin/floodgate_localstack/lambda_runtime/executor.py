"""LocalStack's `RuntimeExecutor` on top of our own runtime environments. Imports LocalStack."""

import dataclasses
import functools
import logging
from collections.abc import Mapping

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

from floodgate_localstack.callers import CALLERS
from floodgate_localstack.lambda_runtime.environment import RuntimeEnvironment
from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec, Request
from floodgate_localstack.lambda_runtime.log_capture import LogEvent
from floodgate_localstack.lambda_runtime.settings import Settings
from floodgate_localstack.lambda_runtime.spawner import Spawner

LOG = logging.getLogger(__name__)


class LogText(str):
    """The log of one invocation as text, which LocalStack knows, that also carries the single events."""

    events: list[LogEvent]

    @classmethod
    def of(cls, events: list[LogEvent]) -> "LogText":
        """The text of `events`, one line after the other."""
        text = cls("".join(f"{event.message}\n" for event in events))
        text.events = events
        return text


@dataclasses.dataclass
class TimedResult(InvocationResult):
    """LocalStack's result with the duration that the REPORT line tells."""

    duration_ms: float = 0.0


@functools.cache
def settings() -> Settings:
    """The settings of this LocalStack; raises SettingsError."""
    return Settings.from_environ()


@functools.cache
def spawner() -> Spawner:
    """The one spawner of this LocalStack."""
    return Spawner()


class FloodgateRuntimeExecutor(RuntimeExecutor):
    """One runtime environment for one of LocalStack's execution environments."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id=id, function_version=function_version)
        self.environment = RuntimeEnvironment(
            id,
            function_spec(function_version),
            settings(),
            spawner(),
            response_limit_bytes=config.LAMBDA_LIMITS_MAX_FUNCTION_PAYLOAD_SIZE_BYTES,
        )

    def start(self, env_vars: Mapping[str, object]) -> None:
        """Start the runtime process; raises LambdaRuntimeException where it cannot be started at all."""
        CALLERS.register(str(env_vars.get("AWS_ACCESS_KEY_ID")), self.function_version.id.function_name)
        try:
            self.environment.start({**env_vars, **logging_variables(self.function_version)})
        except OSError as exc:
            raise LambdaRuntimeException(f"cannot start {settings().python}: {exc}") from exc

    def stop(self) -> None:
        """Kill the process and whatever it started."""
        CALLERS.forget(self.environment.access_key_id)
        self.environment.stop()

    def get_address(self) -> str:
        """Where the environment runs: this machine."""
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        """Where a function reaches LocalStack."""
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        """LocalStack's callback address for its own agent, which does not run here."""
        return ""

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one invocation to its end."""
        request = Request(
            request_id=payload["invoke-id"],
            invoked_arn=payload["invoked-function-arn"],
            payload=payload["payload"].encode(),
            trace_id=payload["trace-id"],
        )
        return self.run(request)

    def run(self, request: Request) -> TimedResult:
        """As `invoke`, for callers that know our own request. Raises LambdaRuntimeException."""
        try:
            outcome = self.environment.invoke(request)
        except OSError as exc:
            raise LambdaRuntimeException(f"cannot start {settings().python}: {exc}") from exc
        return TimedResult(
            request_id=request.request_id,
            payload=outcome.payload,
            is_error=outcome.is_error,
            logs=LogText.of(outcome.events),
            duration_ms=outcome.duration_ms,
        )

    def failed(self, request_id: str, payload: bytes) -> TimedResult:
        """Return the result of an invocation that failed with this payload and never ran."""
        return TimedResult(request_id=request_id, payload=payload, is_error=True, logs=LogText.of([]))

    def get_logs(self) -> str:
        """Nothing: every invocation returns its own log."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code. Raises LambdaRuntimeException for what cannot run; its state is Failed then."""
        runtime = function_version.config.runtime or "a container image"
        if not runtime.startswith("python"):
            raise LambdaRuntimeException(f"{runtime} cannot run here: only Python functions from a zip can")
        settings()
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing: LocalStack removes the unpacked code itself."""


def logging_variables(version: FunctionVersion) -> dict[str, str]:
    """The variables through which awslambdaric learns of JSON logs and the log level."""
    logging_config = version.config.logging_config or {}
    if logging_config.get("LogFormat") != "JSON":
        return {}
    level = logging_config.get("ApplicationLogLevel") or "INFO"
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}


def function_spec(version: FunctionVersion) -> FunctionSpec:
    """LocalStack's function version as our own runtime knows it."""
    configuration = version.config
    return FunctionSpec(
        name=version.id.function_name,
        version=version.id.qualifier,
        handler=configuration.handler,
        runtime=configuration.runtime,
        memory_mb=configuration.memory_size,
        timeout_s=configuration.timeout,
        task_root=configuration.code.get_unzipped_code_location().resolve(),
    )
