"""Entry point through which LocalStack finds the executor (`LAMBDA_RUNTIME_EXECUTOR=floodgate`)."""

from typing import Any

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class FloodgateRuntimeExecutorPlugin(RuntimeExecutorPlugin):
    """Loads the executor class only when it is asked for."""

    name = "floodgate"

    def load(self, *_args: Any, **_kwargs: Any) -> type[Any]:
        """The executor class."""
        from floodgate_localstack.lambda_runtime.executor import FloodgateRuntimeExecutor

        return FloodgateRuntimeExecutor
