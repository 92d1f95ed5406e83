"""How many AWS calls an engine has answered, by our plugin's count."""

from __future__ import annotations

from harness.engines.base import EngineInfo
from harness.engines.localstack.plugin_api import PluginApi
from harness.exceptions import UsageError

PATH = "calls"


def read(engine: EngineInfo) -> dict[str, int] | None:
    """Return the calls so far by `service.Operation`, those of the harness left out.

    Only calls that came over HTTP count. What services ask of each other, AWS does by itself, such
    as the receives of an event source mapping. None where the LocalStack runs without our plugin.

    :raises StackLostError: the engine does not answer
    """
    try:
        answer = PluginApi(engine.endpoint_url).call("GET", PATH)
    except UsageError:
        return None
    calls: dict[str, int] = answer["calls"]
    return calls
