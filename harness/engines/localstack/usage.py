"""CPU and memory of a LocalStack and of its functions, told by our plugin (its module `resources`)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.engines.base import Usage
from harness.engines.localstack.plugin_api import PluginApi

PATH = "resources"


def read(api: PluginApi) -> Mapping[str, Usage]:
    """Return what was used so far, by role: `engine` and `functions`.

    :raises UsageError: this LocalStack runs without our plugin, or with an older one
    :raises StackLostError: it does not answer
    """
    return {role: Usage(**used) for role, used in api.call("GET", PATH).items()}
