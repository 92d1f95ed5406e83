"""LocalStack's web server, bound to the address that GATEWAY_LISTEN names and to no other.

LocalStack's own (4.9.2 and 4.14.0) takes only the port from GATEWAY_LISTEN and listens on every interface, so
that anybody on the network could run code through Lambda. It also swallows the error when the port is taken,
goes on, and finds "itself" healthy by asking the process that has the port.

Selected by `GATEWAY_SERVER=floodgate`. Plain HTTP only.
"""

from typing import Any

from localstack import config
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin
from localstack.runtime.server.twisted import TwistedRuntimeServer
from rolo.serving.twisted import TwistedGateway
from twisted.internet import reactor


class BoundTwistedServer(TwistedRuntimeServer):
    """The Twisted server with exact addresses. A taken port ends the start with `CannotListenError`."""

    def register(
        self,
        gateway: Any,
        listen: list[config.HostAndPort],
        ssl_creds: tuple[str, str] | None = None,  # noqa: ARG002  (part of the interface)
    ) -> None:
        """Listen on each address; the kernel's backlog takes connections until `run`."""
        site = TwistedGateway(gateway)
        for address in listen:
            reactor.listenTCP(address.port, site, interface=address.host)


class FloodgateServerPlugin(RuntimeServerPlugin):
    """Makes the server known as `floodgate`."""

    name = "floodgate"

    def load(self, *_args: Any, **_kwargs: Any) -> RuntimeServer:
        """Return the server."""
        return BoundTwistedServer()
