"""Our ciphers and asyncssh's are the same on the wire."""

from __future__ import annotations

import pytest
from asyncssh.encryption import get_encryption, get_encryption_params
from asyncssh.packet import UInt32

from harness.sftp.security_policies import SECURITY_POLICIES
from harness.sftp.wire.ciphers import packet_cipher

pytestmark = pytest.mark.unit

POLICY = SECURITY_POLICIES["TransferSecurityPolicy-2024-01"]
PAIRS = [(cipher, mac) for cipher in POLICY.ciphers for mac in POLICY.macs]
PACKETS = [b"\x04" + bytes([number]) * (16 * number + 11) for number in range(1, 40)]


def _pair(cipher: str, mac: str, iv: bytes = b"") -> tuple[object, object]:
    key_size, iv_size, _, mac_key_size, _, etm = get_encryption_params(cipher.encode(), mac.encode())
    arguments = (bytes(range(key_size)), iv or bytes(range(iv_size)), mac.encode(), b"k" * mac_key_size, etm)
    return tuple(get_encryption(cipher.encode(), *arguments) for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize(("cipher", "mac"), PAIRS)
def test_what_we_seal_asyncssh_would_have_sent(cipher: str, mac: str) -> None:
    theirs, wrapped = _pair(cipher, mac)
    ours = packet_cipher(wrapped)  # type: ignore[arg-type]
    assert ours is not None
    for seq, packet in enumerate(PACKETS):
        length = UInt32(len(packet))
        sealed, tag = theirs.encrypt_packet(seq, length, packet)  # type: ignore[attr-defined]
        assert ours.seal(seq, length, packet) == sealed + tag


@pytest.mark.parametrize(("cipher", "mac"), PAIRS)
def test_what_asyncssh_seals_we_open(cipher: str, mac: str) -> None:
    theirs, wrapped = _pair(cipher, mac)
    ours = packet_cipher(wrapped)  # type: ignore[arg-type]
    assert ours is not None
    for seq, packet in enumerate(PACKETS):
        sealed, tag = theirs.encrypt_packet(seq, UInt32(len(packet)), packet)  # type: ignore[attr-defined]
        assert len(tag) == ours.tag_bytes
        data = b"before" + sealed + tag + b"after"
        assert ours.open(seq, data, 6, len(data) - 5) == packet


@pytest.mark.parametrize(("cipher", "mac"), [PAIRS[0], PAIRS[-1]])
def test_one_wrong_bit_is_noticed(cipher: str, mac: str) -> None:
    theirs, _ = _pair(cipher, mac)
    sealed, tag = theirs.encrypt_packet(0, UInt32(27), PACKETS[0])  # type: ignore[attr-defined]
    whole = sealed + tag
    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 1
        ours = packet_cipher(_pair(cipher, mac)[1])  # type: ignore[arg-type]
        assert ours is not None
        assert ours.open(0, bytes(changed), 0, len(whole)) is None


def test_a_cipher_is_wrapped_in_the_state_that_it_has() -> None:
    theirs, other = _pair("aes128-gcm@openssh.com", POLICY.macs[0], b"fix!" + b"\xff" * 8)
    for cipher in (theirs, other):
        cipher.encrypt_packet(0, UInt32(1), b"first")  # type: ignore[attr-defined]
    ours = packet_cipher(other)  # type: ignore[arg-type]
    assert ours is not None
    sealed, tag = theirs.encrypt_packet(1, UInt32(6), b"second")  # type: ignore[attr-defined]
    assert ours.seal(1, UInt32(6), b"second") == sealed + tag


@pytest.mark.parametrize(
    ("cipher", "mac"), [("aes128-ctr", "hmac-sha2-256"), ("chacha20-poly1305@openssh.com", "")]
)
def test_other_ciphers_are_left_to_asyncssh(cipher: str, mac: str) -> None:
    assert packet_cipher(_pair(cipher, mac)[0]) is None  # type: ignore[arg-type]
