"""Operations on security policies."""

from __future__ import annotations

from typing import Any

from harness.transfer.api import paging
from harness.transfer.api.control import Control
from harness.transfer.api.errors import unknown
from harness.transfer.policies import SECURITY_POLICIES


def describe_security_policy(_: Control, request: dict[str, Any]) -> dict[str, Any]:
    name = request["SecurityPolicyName"]
    policy = SECURITY_POLICIES.get(name)
    if policy is None:
        raise unknown("SecurityPolicy", name, "security policy")
    shown = {
        "Fips": policy.fips,
        "SecurityPolicyName": name,
        "SshCiphers": list(policy.ssh_ciphers),
        "SshKexs": list(policy.ssh_kexs),
        "SshMacs": list(policy.ssh_macs),
        "TlsCiphers": list(policy.tls_ciphers),
        "Type": "SERVER",
        "Protocols": ["SFTP", "FTPS"],
    }
    return {"SecurityPolicy": shown}


def list_security_policies(_: Control, request: dict[str, Any]) -> dict[str, Any]:
    names = sorted(SECURITY_POLICIES)
    chosen, token = paging.page(request, "security policies", names, lambda name: name)
    return {"SecurityPolicyNames": chosen, **token}
