"""The plugin is not installed here: those of its modules that need no LocalStack are imported from source."""

from __future__ import annotations

import sys
from pathlib import Path

_PLUGIN = Path(__file__).parents[3] / "harness" / "engines" / "localstack" / "plugin"

if str(_PLUGIN) not in sys.path:
    sys.path.append(str(_PLUGIN))
