"""Algorithms of Transfer Family's security policies, as far as this machine's asyncssh has them.

What asyncssh lacks depends on the machine (UMAC needs libnettle, ML-KEM a young OpenSSL), so it is left out
and said at start instead of being an error: the rest of a policy still holds.

https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs

from harness.transfer import policies


@dataclass(frozen=True)
class SecurityPolicy:
    """Names as SSH spells them, in AWS's order; `missing` are those that this machine cannot offer."""

    ciphers: tuple[str, ...]
    kexs: tuple[str, ...]
    macs: tuple[str, ...]
    signatures: tuple[str, ...]
    missing: tuple[str, ...] = ()


def offered(
    policy: policies.SecurityPolicy,
    ciphers: Collection[bytes],
    kexs: Collection[bytes],
    macs: Collection[bytes],
) -> SecurityPolicy:
    """Return what of a policy can be offered with the algorithms that asyncssh has."""
    wanted = {"ciphers": policy.ssh_ciphers, "kexs": policy.ssh_kexs, "macs": policy.ssh_macs}
    there = {"ciphers": ciphers, "kexs": kexs, "macs": macs}
    kept = {kind: tuple(n for n in names if n.encode() in there[kind]) for kind, names in wanted.items()}
    missing = (n for kind, names in wanted.items() for n in names if n not in kept[kind])
    return SecurityPolicy(**kept, signatures=policy.ssh_host_key_algorithms, missing=tuple(missing))


SECURITY_POLICIES = {
    name: offered(policy, get_encryption_algs(), get_kex_algs(), get_mac_algs())
    for name, policy in policies.SECURITY_POLICIES.items()
}
