"""Starting a web UI of Locust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

from harness.exceptions import PortInUseError

if TYPE_CHECKING:
    from locust.web import WebUI

_LOOK_S = 0.01


def start(ui: WebUI) -> None:
    """Return once the UI answers.

    :raises PortInUseError: another process has taken the port since it was looked at
    """
    ui.start()
    while ui.server is None or not ui.server.started:
        if ui.greenlet.dead:
            raise PortInUseError(
                f"the web UI could not be started on {ui.host}:{ui.port}: another process took the port",
                hint="choose another --web-port",
            )
        gevent.sleep(_LOOK_S)
