"""What MiniStack 1.5.33 can do, each item tried."""

from __future__ import annotations

from harness.engines.base import Capabilities
from harness.engines.ministack import differences
from harness.engines.ministack.resource_types import RESOURCE_TYPES, refuses

CAPABILITIES = Capabilities(
    resource_types=RESOURCE_TYPES,
    differs_from_aws=differences.DIFFERS_FROM_AWS,
    refuses=refuses,
    reads_text_as_numbers=False,
)
