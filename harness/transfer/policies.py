"""The security policies that AWS publishes for servers: names of algorithms, in AWS's order.

https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SecurityPolicy:
    """Names as SSH spells them; `ssh_host_key_algorithms` are also the signatures that a client may use."""

    ssh_ciphers: tuple[str, ...]
    ssh_kexs: tuple[str, ...]
    ssh_macs: tuple[str, ...]
    ssh_host_key_algorithms: tuple[str, ...]


SECURITY_POLICIES = {
    "TransferSecurityPolicy-2024-01": SecurityPolicy(
        ssh_ciphers=(
            "aes128-gcm@openssh.com",
            "aes256-gcm@openssh.com",
            "aes128-ctr",
            "aes256-ctr",
            "aes192-ctr",
        ),
        ssh_kexs=(
            "ecdh-sha2-nistp256",
            "ecdh-sha2-nistp384",
            "ecdh-sha2-nistp521",
            "curve25519-sha256",
            "curve25519-sha256@libssh.org",
            "diffie-hellman-group18-sha512",
            "diffie-hellman-group16-sha512",
            "diffie-hellman-group-exchange-sha256",
        ),
        ssh_macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
        ssh_host_key_algorithms=(
            "rsa-sha2-256",
            "rsa-sha2-512",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "ssh-ed25519",
        ),
    )
}
