"""A web UI whose port is taken at the last moment."""

from __future__ import annotations

from typing import Any

import gevent
import pytest

from harness.exceptions import PortInUseError
from harness.load.web import serving

pytestmark = pytest.mark.unit


class LateUi:
    """Locust's, whose server cannot begin."""

    host, port, server = "127.0.0.1", 8089, None

    def start(self) -> None:
        self.greenlet = gevent.spawn(lambda: None)


def test_a_port_that_was_taken_meanwhile_is_told_and_not_waited_for() -> None:
    ui: Any = LateUi()
    with gevent.Timeout(5), pytest.raises(PortInUseError, match="another process took the port"):
        serving.start(ui)
