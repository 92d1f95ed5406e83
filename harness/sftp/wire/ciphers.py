"""AES-GCM, and AES-CTR with an encrypt-then-MAC HMAC, with one copy for each packet.

Wraps the cipher that asyncssh has just made, before its first packet, so key derivation stays asyncssh's.
Packet formats: https://www.rfc-editor.org/rfc/rfc5647#section-7 (GCM), and section 1.5 of
https://github.com/openssh/openssh-portable/blob/master/PROTOCOL (encrypt-then-MAC). In both, the length of a
packet is readable before the packet has been verified.
"""

from __future__ import annotations

import hmac
from typing import Any, Protocol

from asyncssh.encryption import Encryption, ETMEncryption, GCMEncryption
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LENGTH_BYTES = 4


class PacketCipher(Protocol):
    """One direction of one connection."""

    tag_bytes: int

    def seal(self, seq: int, length: bytes, packet: bytes) -> bytes:
        """Return what goes on the wire for a packet, length and tag included."""

    def open(self, seq: int, data: bytes, start: int, end: int) -> bytes | None:
        """Return the packet in `data[start:end]` (length and tag included), or None if its tag is wrong."""


class GcmCipher:
    """The nonce is four fixed bytes and a counter of packets."""

    tag_bytes = 16

    def __init__(self, original: GCMEncryption) -> None:
        cipher = original._cipher
        self._aead = AESGCM(cipher._key)
        self._fixed = cipher._iv[:4]
        self._count = int.from_bytes(cipher._iv[4:], "big")

    def seal(self, seq: int, length: bytes, packet: bytes) -> bytes:  # noqa: ARG002
        return length + self._aead.encrypt(self._nonce(), packet, length)

    def open(self, seq: int, data: bytes, start: int, end: int) -> bytes | None:  # noqa: ARG002
        body = start + LENGTH_BYTES
        try:
            return self._aead.decrypt(self._nonce(), memoryview(data)[body:end], data[start:body])
        except InvalidTag:
            return None

    def _nonce(self) -> bytes:
        count = self._count
        self._count = (count + 1) & 0xFFFF_FFFF_FFFF_FFFF
        return self._fixed + count.to_bytes(8, "big")


class EtmCipher:
    """The tag is over the packet's number, its plain length and what is enciphered."""

    def __init__(self, original: ETMEncryption) -> None:
        mac: Any = original._mac
        self._crypt: Any = original._cipher
        self._key = mac._key
        self._hash = mac._hash_alg().name
        self.tag_bytes = mac._hash_size

    def seal(self, seq: int, length: bytes, packet: bytes) -> bytes:
        sealed: bytes = length + self._crypt.encrypt(packet)
        return sealed + self._tag(seq, sealed)

    def open(self, seq: int, data: bytes, start: int, end: int) -> bytes | None:
        view, tag_at = memoryview(data), end - self.tag_bytes
        if not hmac.compare_digest(self._tag(seq, view[start:tag_at]), view[tag_at:end]):
            return None
        packet: bytes = self._crypt.decrypt(view[start + LENGTH_BYTES : tag_at])
        return packet

    def _tag(self, seq: int, sealed: bytes | memoryview) -> bytes:
        message = b"".join((seq.to_bytes(4, "big"), sealed))
        return hmac.digest(self._key, message, self._hash)[: self.tag_bytes]


def packet_cipher(original: Encryption | None) -> PacketCipher | None:
    """Return the quick form of a cipher, or None if there is none (other MACs, chacha20-poly1305)."""
    if type(original) is GCMEncryption:
        return GcmCipher(original)
    if type(original) is ETMEncryption and hasattr(original._mac, "_hash_alg"):
        return EtmCipher(original)
    return None
