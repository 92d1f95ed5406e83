"""The security policies that AWS publishes for servers: names of algorithms, in AWS's order.

https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html

Left out, since their algorithms are not published (any more): `TransferSecurityPolicy-PQ-SSH-…-2023-04`
(deprecated) and `TransferSecurityPolicy-Restricted-2024-06`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_GCM128, _GCM256 = "aes128-gcm@openssh.com", "aes256-gcm@openssh.com"
_CHACHA20 = "chacha20-poly1305@openssh.com"
_NISTP = ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
_CURVE25519 = ("curve25519-sha256", "curve25519-sha256@libssh.org")
_MLKEM = ("mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384")
_GROUP14, _GROUP14_SHA1 = "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1"
_GROUP16, _GROUP18 = "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"
_GROUP_EXCHANGE = "diffie-hellman-group-exchange-sha256"
_ETM256, _ETM512 = "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"

_CIPHERS_2018 = ("aes128-ctr", "aes192-ctr", "aes256-ctr", _GCM128, _GCM256)
_CIPHERS_2022 = (_GCM256, _GCM128, "aes256-ctr", "aes192-ctr")
_CIPHERS_2024 = (_GCM128, _GCM256, "aes128-ctr", "aes256-ctr", "aes192-ctr")
_CIPHERS_2025 = (_GCM256, _GCM128, "aes128-ctr", "aes256-ctr", "aes192-ctr")

_HOST_KEYS = (
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-ed25519",
)
_HOST_KEYS_WITH_SHA1 = (*_HOST_KEYS, "ssh-rsa")

_TLS = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
)
_TLS_2018 = (*_TLS, "TLS_RSA_WITH_AES_128_CBC_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA256")


@dataclass(frozen=True)
class SecurityPolicy:
    """Names as SSH and TLS spell them.

    `ssh_host_key_algorithms` are also the signatures that a client may use. `DescribeSecurityPolicy` does not
    show them for servers.
    """

    ssh_ciphers: tuple[str, ...]
    ssh_kexs: tuple[str, ...]
    ssh_macs: tuple[str, ...]
    ssh_host_key_algorithms: tuple[str, ...] = _HOST_KEYS
    tls_ciphers: tuple[str, ...] = _TLS
    fips: bool = False


_2018_11 = SecurityPolicy(
    ssh_ciphers=(_CHACHA20, *_CIPHERS_2018),
    ssh_kexs=(*_CURVE25519, *_NISTP, _GROUP_EXCHANGE, _GROUP16, _GROUP18, _GROUP14, _GROUP14_SHA1),
    ssh_macs=(
        "umac-64-etm@openssh.com",
        "umac-128-etm@openssh.com",
        _ETM256,
        _ETM512,
        "hmac-sha1-etm@openssh.com",
        "umac-64@openssh.com",
        "umac-128@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha1",
    ),
    ssh_host_key_algorithms=_HOST_KEYS_WITH_SHA1,
    tls_ciphers=_TLS_2018,
)
_2020_06 = SecurityPolicy(
    ssh_ciphers=(_CHACHA20, *_CIPHERS_2018),
    ssh_kexs=(*_NISTP, _GROUP_EXCHANGE, _GROUP16, _GROUP18, _GROUP14),
    ssh_macs=(
        "umac-128-etm@openssh.com",
        _ETM256,
        _ETM512,
        "umac-128@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
    ),
    ssh_host_key_algorithms=_HOST_KEYS_WITH_SHA1,
)
_FIPS_2020_06 = SecurityPolicy(
    ssh_ciphers=_CIPHERS_2018,
    ssh_kexs=_2020_06.ssh_kexs,
    ssh_macs=(_ETM256, _ETM512, "hmac-sha2-256", "hmac-sha2-512"),
    ssh_host_key_algorithms=_HOST_KEYS_WITH_SHA1,
    fips=True,
)
_2022_03 = SecurityPolicy(
    ssh_ciphers=_CIPHERS_2022,
    ssh_kexs=(*_CURVE25519, _GROUP16, _GROUP18, _GROUP_EXCHANGE),
    ssh_macs=(_ETM512, _ETM256, "hmac-sha2-512", "hmac-sha2-256"),
)
_2023_05 = replace(_2022_03, ssh_macs=(_ETM512, _ETM256))
_FIPS_2023_05 = SecurityPolicy(
    ssh_ciphers=_CIPHERS_2022,
    ssh_kexs=(_GROUP16, _GROUP18, _GROUP_EXCHANGE),
    ssh_macs=(_ETM256, _ETM512),
    ssh_host_key_algorithms=_HOST_KEYS_WITH_SHA1,
    fips=True,
)
_2024_01 = SecurityPolicy(
    ssh_ciphers=_CIPHERS_2024,
    ssh_kexs=(*_NISTP, *_CURVE25519, _GROUP18, _GROUP16, _GROUP_EXCHANGE),
    ssh_macs=(_ETM256, _ETM512),
)
_FIPS_2024_05 = replace(_2024_01, ssh_kexs=(*_NISTP, _GROUP18, _GROUP16, _GROUP_EXCHANGE), fips=True)
_FIPS_2024_01 = replace(_FIPS_2024_05, ssh_host_key_algorithms=_HOST_KEYS_WITH_SHA1)
_2025_03 = SecurityPolicy(
    ssh_ciphers=_CIPHERS_2025,
    ssh_kexs=(*_MLKEM, *_NISTP, *_CURVE25519, _GROUP16, _GROUP18, _GROUP_EXCHANGE),
    ssh_macs=(_ETM256, _ETM512),
)
_FIPS_2025_03 = SecurityPolicy(
    ssh_ciphers=(*_CIPHERS_2022, "aes128-ctr"),
    ssh_kexs=(*_MLKEM, *_NISTP, _GROUP_EXCHANGE, _GROUP16, _GROUP18),
    ssh_macs=(_ETM512, _ETM256),
    fips=True,
)

SECURITY_POLICIES = {
    "TransferSecurityPolicy-2018-11": _2018_11,
    "TransferSecurityPolicy-2020-06": _2020_06,
    "TransferSecurityPolicy-2022-03": _2022_03,
    "TransferSecurityPolicy-2023-05": _2023_05,
    "TransferSecurityPolicy-2024-01": _2024_01,
    "TransferSecurityPolicy-2025-03": _2025_03,
    "TransferSecurityPolicy-AS2Restricted-2025-07": _2025_03,
    "TransferSecurityPolicy-FIPS-2020-06": _FIPS_2020_06,
    "TransferSecurityPolicy-FIPS-2023-05": _FIPS_2023_05,
    "TransferSecurityPolicy-FIPS-2024-01": _FIPS_2024_01,
    "TransferSecurityPolicy-FIPS-2024-05": _FIPS_2024_05,
    "TransferSecurityPolicy-FIPS-2025-03": _FIPS_2025_03,
    "TransferSecurityPolicy-Restricted-2018-11": replace(_2018_11, ssh_ciphers=_CIPHERS_2018),
    "TransferSecurityPolicy-Restricted-2020-06": replace(_2020_06, ssh_ciphers=_CIPHERS_2018),
    "TransferSecurityPolicy-SshAuditCompliant-2025-02": replace(
        _2024_01, ssh_kexs=(*_CURVE25519, _GROUP18, _GROUP16, _GROUP_EXCHANGE)
    ),
}
"""By name. AS2Restricted-2025-07 differs from 2025-03 in AS2's ciphers and hashes alone."""
