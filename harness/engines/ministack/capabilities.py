"""What MiniStack can do, each item tried on 1.5.33."""

from __future__ import annotations

import functools

from harness.engines.base import Capabilities
from harness.engines.ministack.differences import differs_from_aws
from harness.engines.ministack.resource_types import RESOURCE_TYPES, refuses
from harness.environments.recipes import MINISTACK_VERSION


@functools.cache
def capabilities() -> Capabilities:
    """Return it; only when asked, since reading what differs takes longer than most imports."""
    return Capabilities(
        resource_types=RESOURCE_TYPES,
        differs_from_aws=differs_from_aws(MINISTACK_VERSION),
        refuses=refuses,
        reads_text_as_numbers=False,
    )
