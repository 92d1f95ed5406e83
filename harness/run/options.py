"""What the user asked for, checked before anything is started."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.options import ROUTES
from harness.engines import registry
from harness.exceptions import UsageError

DEFAULT_ENGINE = "localstack"
DEFAULT_ROUTE = "queued"


@dataclass(frozen=True)
class RunOptions:
    """Arguments of `floodgate run`; `None` means that the scenario or the running stack decides."""

    scenario: str
    engine: str | None = None
    route: str | None = None
    minutes: float | None = None
    files: int | None = None
    rate: float | None = None
    seed: int = 1
    out: Path | None = None
    name: str | None = None
    settle_s: float = 120.0
    command: str = ""

    def validate(self) -> None:
        """Raise `UsageError` that names every problem at once."""
        problems = [
            f"{option} must be a positive number, not {value}"
            for option, value in (("--minutes", self.minutes), ("--files", self.files), ("--rate", self.rate))
            if value is not None and not (math.isfinite(value) and value > 0)
        ]
        if not (math.isfinite(self.settle_s) and self.settle_s >= 0):
            problems.append(f"--settle-s must be zero or a positive number, not {self.settle_s}")
        if self.minutes is not None and self.files is not None:
            problems.append("--minutes and --files exclude each other")
        if self.seed < 0:
            problems.append(f"--seed must not be negative, not {self.seed}")
        if self.out is not None and self.out.exists():
            problems.append(f"--out {self.out} exists already; name a new folder")
        if self.route is not None and self.route not in ROUTES:
            problems.append(f"there is no route {self.route!r}; routes: {', '.join(ROUTES)}")
        if problems:
            raise UsageError("; ".join(problems))
        registry.create(self.engine or DEFAULT_ENGINE)
