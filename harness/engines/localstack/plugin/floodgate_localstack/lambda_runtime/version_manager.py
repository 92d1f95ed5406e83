"""LocalStack's manager of one function version, with less work for each invocation. Imports LocalStack.

Its own one starts a thread and makes an API call for the metrics of each invocation and walks through all
lines of its log for debug output.
"""

import functools
import inspect
import logging
from typing import Any

from localstack.aws.api.lambda_ import ServiceException, State, TooManyRequestsException
from localstack.services.lambda_.invocation.counting_service import CountingService
from localstack.services.lambda_.invocation.lambda_models import Invocation, InvocationResult, VersionState
from localstack.services.lambda_.invocation.version_manager import LambdaVersionManager

from floodgate_localstack.faults.functions import (
    FUNCTION_FAULTS,
    InjectedFailureError,
    InjectedThrottleError,
)
from floodgate_localstack.internal_calls import provider_of
from floodgate_localstack.lambda_runtime.assignment import PooledAssignmentService
from floodgate_localstack.lambda_runtime.executor import settings
from floodgate_localstack.lambda_runtime.metrics import FunctionKey, MetricCollector
from floodgate_localstack.live.functions import FUNCTIONS
from floodgate_localstack.metric_publishing import publish

LOG = logging.getLogger(__name__)

LEASE_KNOWS_PROVISIONED_STATE = (
    "provisioned_state" in inspect.signature(CountingService.get_invocation_lease).parameters
)


class PooledVersionManager(LambdaVersionManager):
    """Runs the invocations of one function version."""

    def start(self) -> VersionState:
        """Prepare the version, and let its first environments start in the background."""
        state = super().start()
        if state.state == State.Active and isinstance(self.assignment_service, PooledAssignmentService):
            self.assignment_service.prewarm(self.id, self.function_version, self._may_have)
        return state

    def invoke(self, *, invocation: Invocation) -> InvocationResult:
        """Run one invocation. Raises TooManyRequestsException at a limit of concurrency."""
        if self.shutdown_event.is_set():
            raise ServiceException(f"{self.function_arn} is shutting down; request {invocation.request_id}")
        try:
            result = self._run(invocation)
        except TooManyRequestsException:
            self._count_throttle()
            raise
        self._count(getattr(result, "duration_ms", 0.0), is_error=result.is_error)
        return result

    def stop(self) -> None:
        """Stop the version. After an update the invocations that run end on the old code, as on AWS."""
        self.shutdown_event.set()
        if not self._is_deleted():
            self.assignment_service.drop_environments(self.id, stop_busy=False)
        super().stop()

    def _may_have(self) -> int:
        """How many environments are of use: none once it stops, no more than the reserved concurrency."""
        if self.shutdown_event.is_set():
            return 0
        reserved = self.function.reserved_concurrent_executions if self.function else None
        return settings().max_processes if reserved is None else reserved

    def _run(self, invocation: Invocation) -> InvocationResult:
        version = self.function_version
        lease: tuple[Any, ...] = (self.function, version)
        if LEASE_KNOWS_PROVISIONED_STATE:
            lease += (self.provisioned_state,)
        with (
            self.counting_service.get_invocation_lease(*lease) as provisioning_type,
            self.assignment_service.get_environment(self.id, version, provisioning_type) as environment,
            FUNCTIONS.running(version.id.function_name),
        ):
            result = self._invoke(environment, invocation)
            result.executed_version = version.id.qualifier
            self.store_logs(result, environment)
        return result

    def _invoke(self, environment: Any, invocation: Invocation) -> InvocationResult:
        """Invoke, with the faults that are set for the function."""
        name, executor = self.function_version.id.function_name, environment.runtime_executor
        try:
            return FUNCTION_FAULTS.run(name, executor.environment, lambda: environment.invoke(invocation))
        except InjectedThrottleError:
            raise TooManyRequestsException(
                "Rate Exceeded.", Reason="ConcurrentInvocationLimitExceeded", Type="User"
            ) from None
        except InjectedFailureError as failure:
            return executor.failed(invocation.request_id, failure.payload())

    def _count_throttle(self) -> None:
        key = self._metric_key()
        metrics().throttled(key)
        FUNCTIONS.throttled(key.name)

    def _count(self, duration_ms: float, *, is_error: bool) -> None:
        key = self._metric_key()
        metrics().invoked(key, duration_ms, is_error=is_error)
        FUNCTIONS.invoked(key.name, duration_ms, is_error=is_error)

    def _metric_key(self) -> FunctionKey:
        identifier = self.function_version.id
        return FunctionKey(identifier.account, identifier.region, identifier.function_name)

    def _is_deleted(self) -> bool:
        """Whether the function went, and not only this code of it.

        An update leaves a successor, and LocalStack's own end leaves everything. The function's entry in the
        store tells nothing: 4.14.0 removes it after it has ordered this stop, 4.9.2 before.
        """
        return self.function_arn not in provider_of("lambda").lambda_service.lambda_running_versions


@functools.cache
def metrics() -> MetricCollector:
    """The one collector of this LocalStack."""
    collector = MetricCollector(functools.partial(publish, "AWS/Lambda"))
    collector.start()
    return collector
