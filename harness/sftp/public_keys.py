"""Which public keys Transfer Family takes, and how their text becomes what a client sends.

Types: https://docs.aws.amazon.com/transfer/latest/userguide/sshkeygen.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from asyncssh.packet import PacketDecodeError, SSHPacket

MIN_RSA_BITS = 2048
"""AWS names no smallest size; below this, OpenSSH and the standards call a key weak
(https://doi.org/10.6028/NIST.SP.800-131Ar2)."""
KEY_TYPES = frozenset(
    {b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521"}
)
"""Not among them: DSA, keys on FIDO tokens (`sk-…`), ed448, certificates."""


def is_strong(wire: bytes) -> bool:
    """Tell whether a key in SSH wire format is of a type and size that may log in."""
    try:
        packet = SSHPacket(wire)
        kind = packet.get_string()
        if kind == b"ssh-rsa":
            packet.get_mpint()
            return packet.get_mpint().bit_length() >= MIN_RSA_BITS
    except PacketDecodeError:
        return False
    return kind in KEY_TYPES


def wire_format(text: str) -> bytes | None:
    """Return the key in an OpenSSH line (`type base64 comment`); `None` when there is none.

    Only decoded, not loaded: 50 keys of one user cost microseconds, so the time of an answer does not tell
    how many there are. Whether the bytes are a key shows when a client signs with it.
    """
    words = text.split(None, 2)
    try:
        return base64.b64decode(words[1], validate=True) if len(words) > 1 else None
    except ValueError:  # not base64, or not even ASCII
        return None


def wire_formats(texts: Iterable[str]) -> frozenset[bytes]:
    """Return those of `texts` that are keys and strong enough."""
    wires = (wire_format(text) for text in texts)
    return frozenset(wire for wire in wires if wire is not None and is_strong(wire))
