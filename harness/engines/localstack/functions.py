"""What a LocalStack's Lambda functions have to run in, by our plugin's count."""

from __future__ import annotations

from dataclasses import dataclass

from harness.engines.base import EngineInfo
from harness.engines.localstack.plugin_api import PluginApi
from harness.exceptions import UsageError

PATH = "lambda"


@dataclass(frozen=True)
class LambdaEnvironments:
    """Numbers of execution environments; `pending` are to be started ahead of time, or start now for that."""

    pending: int
    starting: int
    idle: int
    busy: int


def read(engine: EngineInfo) -> LambdaEnvironments | None:
    """Return how many environments there are now; None where the LocalStack runs without our plugin.

    :raises StackLostError: the engine does not answer
    """
    try:
        answer = PluginApi(engine.endpoint_url).call("GET", PATH)
    except UsageError:
        return None
    return LambdaEnvironments(**answer)
