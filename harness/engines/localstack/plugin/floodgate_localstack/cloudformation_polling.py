"""CloudFormation looks again soon at a resource that is still being created.

LocalStack looks at once and then every five seconds, so that each event source mapping or function that
takes a second costs five: most of the time that a stack of ours needs to come up.
"""

from typing import Any

from localstack.services.cloudformation.resource_provider import ResourceProviderExecutor

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

POLL_S = 0.2


@named_patch("CloudFormation polls resources five times a second")
def apply() -> None:
    """Shorten the pause between two looks; how long a resource may take stays as it was."""

    def deploy_loop(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **{"sleep_time": POLL_S, **kwargs})

    original = replace(ResourceProviderExecutor, "deploy_loop", deploy_loop)
