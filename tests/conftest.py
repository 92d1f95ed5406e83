"""How the tests are spread over processes (`pytest -n`), and what they leave to a slow machine."""

from __future__ import annotations

import signal
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.tiers import TierTimes, tier_of

# No test may depend on how fast the machine is: neither an example's time nor how long examples take to make.
settings.register_profile("floodgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("floodgate")

# A shell starts what goes to the background with Ctrl-C ignored, and every program below would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps tests together that share an engine or a stack: a folder of a tier, in `e2e` a file, and all of
    `conformance` and of `docker` (which shares images and containers) is one unit of work.

    A scheduler of our own, because `--dist loadgroup` of pytest-xdist 3.8 groups nothing under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        place = PurePosixPath(nodeid.partition("::")[0])
        tier = tier_of(nodeid)
        if tier in ("conformance", "docker"):
            return tier
        return place.as_posix() if tier == "e2e" else "/".join(place.parts[:3])


def pytest_configure(config: pytest.Config) -> None:
    """Count the time of each tier."""
    config.pluginmanager.register(TierTimes(), "floodgate-tiers")


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """Take the place of `--dist`."""
    return ByFolder(config, log)
