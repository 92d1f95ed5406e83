"""LocalStack's assignment of environments to invocations, on top of our pool. Imports LocalStack.

Its own one starts an environment for every invocation that finds none idle, hands out timed-out ones again,
and starts a timer thread at the end of each invocation.
"""

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from localstack import config
from localstack.aws.api.lambda_ import InvalidRequestContentException, TooManyRequestsException
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment, RuntimeStatus
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, Invocation
from localstack.utils.xray.trace_header import TraceHeader

from floodgate_localstack.lambda_runtime.environments_api import ENVIRONMENTS
from floodgate_localstack.lambda_runtime.executor import TimedResult, settings, spawner
from floodgate_localstack.lambda_runtime.function_spec import Request
from floodgate_localstack.lambda_runtime.pool import Pool, PoolFullError
from floodgate_localstack.lambda_runtime.prewarm import Prewarmer

IDLE_CHECK_INTERVAL_S = 5.0


class PooledEnvironment(ExecutionEnvironment):
    """An execution environment that keeps the name of its log stream, and whose life the pool decides."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._log_stream_name = super().get_log_stream_name()

    def get_log_stream_name(self) -> str:
        """The same for the life of the environment, as on AWS, also past midnight."""
        return self._log_stream_name

    def get_log_group_name(self) -> str:
        """The group of the function's LoggingConfig, or the usual one."""
        configured = (self.function_version.config.logging_config or {}).get("LogGroup")
        return configured or super().get_log_group_name()

    def stop(self) -> None:
        """Stop it; harmless when repeated."""
        with self.status_lock:
            if self.status in (RuntimeStatus.INACTIVE, RuntimeStatus.STOPPED):
                return
        super().stop()

    def is_alive(self) -> bool:
        """Whether it can take an invocation."""
        return self.runtime_executor.environment.is_alive()

    def invoke(self, invocation: Invocation) -> TimedResult:
        """Run one invocation, with the client context, which LocalStack leaves out."""
        trace = invocation.trace_context.get("aws_trace_header") or TraceHeader().ensure_root_exists()
        trace.ensure_sampled_exists()
        trace.ensure_parent_exists()
        request = Request(
            request_id=invocation.request_id,
            invoked_arn=invocation.invoked_arn,
            payload=invocation.payload,
            trace_id=trace.to_header_str(),
            client_context=_decoded(invocation.client_context),
        )
        return self.runtime_executor.run(request)

    def _get_startup_timeout_seconds(self) -> float:
        # The init limit is ours to enforce; LocalStack's own timer is only the net below it.
        return settings().init_timeout_s + 10


class PooledAssignmentService(AssignmentService):
    """Serves invocations on demand from the pool.

    Provisioned concurrency stays LocalStack's own and outside the ceiling.
    """

    def __init__(self) -> None:
        super().__init__()
        limit = settings().max_processes
        self.pool: Pool[PooledEnvironment] = Pool(
            limit, settings().cold_starts, waiting=max(0, config.LAMBDA_LIMITS_CONCURRENT_EXECUTIONS - limit)
        )
        self._prewarmer = Prewarmer(self.pool, each=settings().prewarm, at_once=settings().cold_starts)
        ENVIRONMENTS.add(self)
        self._stopping = threading.Event()
        threading.Thread(target=self._retire_idle, name="floodgate-lambda-idle", daemon=True).start()

    @contextlib.contextmanager
    def get_environment(
        self, version_manager_id: str, function_version: FunctionVersion, provisioning_type: str
    ) -> Iterator[ExecutionEnvironment]:
        """An environment for one invocation, which waits where all processes are busy.

        Raises TooManyRequestsException where as many run and wait as an account may have concurrent ones.
        """
        if provisioning_type != "on-demand":
            with super().get_environment(version_manager_id, function_version, provisioning_type) as reserved:
                yield reserved
            return
        lease = self.pool.lease(
            version_manager_id, lambda: self.start_environment(version_manager_id, function_version)
        )
        with contextlib.ExitStack() as stack:
            try:
                environment = stack.enter_context(lease)
            except PoolFullError:
                raise TooManyRequestsException(
                    "Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded", Type="User"
                ) from None
            yield environment

    def prewarm(
        self, version_manager_id: str, function_version: FunctionVersion, may_have: Callable[[], int]
    ) -> None:
        """Let the first environments of a version start in the background, no more than `may_have()`."""
        self._prewarmer.order(
            version_manager_id,
            lambda: self.start_environment(version_manager_id, function_version),
            may_have,
        )

    def counts(self) -> dict[str, int]:
        """How many environments there are, by what they do."""
        return {"pending": self._prewarmer.pending(), **self.pool.counts()}

    def start_environment(
        self, version_manager_id: str, function_version: FunctionVersion
    ) -> PooledEnvironment:
        """A started environment; raises LambdaRuntimeException where no process can be started."""
        environment = PooledEnvironment(
            function_version=function_version,
            initialization_type="on-demand",
            on_timeout=self.on_timeout,
            version_manager_id=version_manager_id,
        )
        environment.start()
        return environment

    def drop_environments(self, version_manager_id: str, *, stop_busy: bool) -> None:
        """Stop the environments of a version; those that run an invocation now, or when it ends."""
        self.pool.drop(version_manager_id, stop_busy=stop_busy)
        super().stop_environments_for_version(version_manager_id)

    def stop_environments_for_version(self, version_manager_id: str) -> None:
        """Stop all environments of a version."""
        self.drop_environments(version_manager_id, stop_busy=True)

    def stop(self) -> None:
        """Stop everything."""
        self._stopping.set()
        self._prewarmer.stop()
        self.pool.stop()
        super().stop()
        spawner().close()

    def _retire_idle(self) -> None:
        while not self._stopping.wait(IDLE_CHECK_INTERVAL_S):
            self.pool.stop_idle(config.LAMBDA_KEEPALIVE_MS / 1000)


def _decoded(client_context: str | None) -> str | None:
    """The API's base64 as the JSON on one line that the runtime expects."""
    if not client_context:
        return None
    try:
        return json.dumps(json.loads(base64.b64decode(client_context)))
    except ValueError as exc:
        raise InvalidRequestContentException(
            "Client context must be a valid Base64-encoded JSON object.", Type="User"
        ) from exc
