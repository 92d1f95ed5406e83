"""`TestIdentityProvider`: asks the provider of a server as a login would.

https://docs.aws.amazon.com/transfer/latest/APIReference/API_TestIdentityProvider.html
"""

from __future__ import annotations

from typing import Any

from harness.transfer.api.control import Control
from harness.transfer.api.errors import invalid, not_available
from harness.transfer.model import IdentityTest


async def test_identity_provider(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """A refused login is an answer, not an error: status 200 and an empty response."""
    server = control.server(request["ServerId"])
    if server.IdentityProviderType == "SERVICE_MANAGED":
        raise invalid(f"{server.ServerId} not configured for external auth")
    protocol = request.get("ServerProtocol", server.Protocols[0])
    if protocol not in server.Protocols:
        raise invalid(f"Protocol {protocol} is not enabled on server {server.ServerId}")
    if control.test_identity is None:
        raise not_available("TestIdentityProvider", "no identity provider is connected to this endpoint")
    result = await control.test_identity(
        IdentityTest(
            server=server,
            user_name=request["UserName"],
            password=request.get("UserPassword"),
            protocol=protocol,
            source_ip=request.get("SourceIp", ""),
        )
    )
    return {
        "Response": result.response,
        "StatusCode": result.status_code,
        "Message": result.message,
        "Url": result.url,
    }
