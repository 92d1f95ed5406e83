"""What the hot path relies on inside asyncssh: these fail when a new version has changed it."""

from __future__ import annotations

import inspect

import pytest
from asyncssh.channel import SSHChannel
from asyncssh.connection import SSHConnection, SSHServerConnection
from asyncssh.encryption import ETMEncryption, GCMEncryption

pytestmark = pytest.mark.unit


def _source(function: object) -> str:
    return " ".join(inspect.getsource(function).split())  # type: ignore[arg-type]


def test_a_packet_of_no_bytes_goes_through_asyncssh_s_arithmetic() -> None:
    source = _source(SSHConnection._recv_packet)
    assert "rem = 4 + self._pktlen + self._recv_macsize - self._recv_blocksize" in source
    assert "seq, self._packet, rest, 4, mac)" in source
    assert "self._recv_handler = lambda: False" in source


def test_packets_are_taken_where_asyncssh_looks_for_a_header() -> None:
    assert "while self._inpbuf and self._recv_handler():" in _source(SSHConnection._recv_data)
    assert "self._recv_handler = self._recv_pkthdr" in _source(SSHConnection._recv_version)
    finish = SSHConnection._finish_recv_packet
    assert list(inspect.signature(finish).parameters) == ["self", "pkttype", "seq", "_task", "is_async"]
    assert "self._recv_handler = self._recv_pkthdr" in _source(finish)
    assert "self._auth_final = True" in _source(finish)


def test_new_keys_are_where_we_wrap_them() -> None:
    source = _source(SSHConnection.send_newkeys)
    assert "self._send_encryption = next_enc_sc" in source
    assert "self._next_recv_encryption = next_enc_cs" in source
    assert "self._send_deferred_packets()" in source or "_send_deferred_packets" in _source(SSHConnection)


def test_channel_data_is_checked_as_asyncssh_checks_it() -> None:
    source = _source(SSHChannel._process_data)
    for check in ("self._recv_state != 'open'", "datalen > self._recv_window", "self._accept_data(data)"):
        assert check in source


def test_sending_counts_what_asyncssh_counts() -> None:
    source = _source(SSHConnection.send_packet)
    assert "padlen = -(self._send_enchdrlen + len(payload)) % self._send_blocksize" in source
    assert "self._rekey_bytes_sent += pktlen" in source
    assert "self._rekey_bytes_sent >= self._rekey_bytes" in source


def test_channels_stop_at_their_window() -> None:
    assert "while self._send_buf and self._send_window:" in _source(SSHChannel._flush_send_buf)
    assert "self._pause_resume_writing()" in _source(SSHChannel._flush_send_buf)


def test_the_parts_of_a_cipher_have_their_names() -> None:
    assert "self._cipher = cipher" in _source(GCMEncryption.__init__)
    assert list(inspect.signature(ETMEncryption.__init__).parameters) == ["self", "cipher", "mac"]


def test_reloading_only_applies_configuration_files() -> None:
    source = _source(SSHServerConnection.reload_config)
    assert "SSHServerConnectionOptions.construct( options=self._options, reload=True" in source


def test_keepalives_are_asked_where_we_look_first() -> None:
    assert "self._keepalive_timer_callback)" in _source(SSHConnection._set_keepalive_timer)
    assert "self._reset_keepalive_timer()" in _source(SSHConnection._recv_data)
