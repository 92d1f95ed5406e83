"""MiniStack's plugin is installed nowhere: those of its modules that need no MiniStack come from source."""

from __future__ import annotations

import sys
from pathlib import Path

_PLUGIN = Path(__file__).parents[3] / "harness" / "engines" / "ministack" / "plugin"

if str(_PLUGIN) not in sys.path:
    sys.path.append(str(_PLUGIN))
