"""Algorithms of Transfer Family's security policies, as this server offers them.

https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.transfer import policies


@dataclass(frozen=True)
class SecurityPolicy:
    """Names as SSH spells them, in AWS's order."""

    ciphers: tuple[str, ...]
    kexs: tuple[str, ...]
    macs: tuple[str, ...]
    signatures: tuple[str, ...]


def _of(policy: policies.SecurityPolicy) -> SecurityPolicy:
    return SecurityPolicy(
        policy.ssh_ciphers, policy.ssh_kexs, policy.ssh_macs, policy.ssh_host_key_algorithms
    )


SECURITY_POLICIES = {name: _of(policy) for name, policy in policies.SECURITY_POLICIES.items()}
