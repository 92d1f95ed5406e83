"""Which keys may log in at all."""

from __future__ import annotations

from typing import Any

import asyncssh
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sftp.public_keys import is_strong, wire_format, wire_formats

pytestmark = pytest.mark.unit


def _key(kind: str, **options: Any) -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind, **options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ssh-ed25519", {}),
        ("ecdsa-sha2-nistp256", {}),
        ("ecdsa-sha2-nistp384", {}),
        ("ecdsa-sha2-nistp521", {}),
        ("ssh-rsa", {"key_size": 2048}),
        ("ssh-rsa", {"key_size": 3072}),
    ],
)
def test_types_that_log_in(kind: str, options: dict[str, int]) -> None:
    assert is_strong(_key(kind, **options).public_data)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("ssh-dss", {}), ("ssh-rsa", {"key_size": 1024}), ("ssh-rsa", {"key_size": 1536}), ("ssh-ed448", {})],
)
def test_types_that_are_too_weak_or_not_supported(kind: str, options: dict[str, int]) -> None:
    assert not is_strong(_key(kind, **options).public_data)


@pytest.mark.parametrize("name", [b"sk-ssh-ed25519@openssh.com", b"ssh-rsa-cert-v01@openssh.com", b"", b"x"])
def test_tokens_and_certificates_do_not_log_in(name: bytes) -> None:
    assert not is_strong(len(name).to_bytes(4, "big") + name)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_key_are_not_strong(wire: bytes) -> None:
    assert is_strong(wire) in (True, False)
    assert not is_strong(b"\x00\x00\x00\x07ssh-rsa" + wire[:4])


@pytest.mark.parametrize("text", ["{line}", "{line} with a comment", "  {line}\n", "{kind}\t{body}"])
def test_spellings_of_one_key(text: str) -> None:
    key = _key("ssh-ed25519")
    line = key.export_public_key().decode().strip()
    kind, body = line.split()[:2]
    assert wire_format(text.format(line=line, kind=kind, body=body)) == key.public_data


@pytest.mark.parametrize(
    "text", ["", "ssh-ed25519", "ssh-ed25519 !!!!", "ssh-ed25519 AAA", "-----BEGIN KEY-----"]
)
def test_texts_that_are_no_key_open_nothing_and_break_nothing(text: str) -> None:
    key = _key("ssh-ed25519")
    assert wire_formats([text, key.export_public_key().decode()]) == {key.public_data}
