"""Commands, ciphers and settings of FTPS and FTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL
from pydantic import ValidationError

from harness.exceptions import EnvironmentNotReadyError, UsageError
from harness.ftp import commands, config, tls
from harness.ftp.config import FtpConfig
from harness.transfer.model import ProtocolOptions, Server
from harness.transfer.policies import SECURITY_POLICIES

pytestmark = pytest.mark.unit

GIVEN: dict[str, Any] = {
    "host_key_file": "key",
    "certificate_file": "certificate",
    "server_id": "s-0123456789abcdef0",
    "engine": {"name": "n", "mode": "m", "version": "1", "endpoint_url": "http://127.0.0.1:1"},
    "identity_provider_type": "AWS_LAMBDA",
    "identity_provider_details": {"Function": "arn"},
    "uploads_file": "uploads",
    "ready_file": "ready",
}


def test_there_are_the_36_commands_of_transfer_family_and_no_other() -> None:
    assert len(commands.WITH_TLS) == 36
    assert commands.WITH_TLS.keys() - commands.WITHOUT_TLS.keys() == {"AUTH", "PBSZ", "PROT"}
    assert not {"APPE", "REST", "PORT", "EPRT", "SITE CHMOD"} & commands.WITH_TLS.keys()


@pytest.mark.parametrize(
    ("aws", "openssl"),
    [
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384"),
        ("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
    ],
)
def test_openssl_has_its_own_names(aws: str, openssl: str) -> None:
    assert tls.openssl_name(aws) == openssl


@pytest.mark.parametrize("name", SECURITY_POLICIES)
def test_openssl_offers_the_ciphers_of_each_policy_in_its_order(name: str, tmp_path: Path) -> None:
    tls.ensure_certificate(tmp_path / "certificate.pem", "127.0.0.1")
    context = tls.context(tmp_path / "certificate.pem", name, "ENFORCED")
    offered = [c for c in SSL.Connection(context).get_cipher_list() if not c.startswith("TLS_")]
    assert offered == [tls.openssl_name(cipher) for cipher in SECURITY_POLICIES[name].tls_ciphers]


def test_a_certificate_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "certificate.pem"
    tls.ensure_certificate(path, "transfer.example")
    made = path.read_bytes()
    tls.ensure_certificate(path, "transfer.example")
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("nothing")
    with pytest.raises(EnvironmentNotReadyError, match="cannot use the certificate"):
        tls.context(tmp_path / "certificate.pem", "TransferSecurityPolicy-2024-01", "ENFORCED")


def test_defaults_are_those_of_aws() -> None:
    made = FtpConfig.model_validate(GIVEN)
    assert (made.tls_session_resumption_mode, made.passive_ip) == ("ENFORCED", "AUTO")
    assert (made.max_sessions, made.idle_timeout_s, made.data_timeout_s) == (300, 1800.0, 600.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocols": []},
        {"protocols": ["SFTP"]},
        {"passive_ports": [8200, 8192]},
        {"passive_ports": [20, 21]},
        {"identity_provider_type": "SERVICE_MANAGED"},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FtpConfig.model_validate({**GIVEN, **wrong})


def test_a_file_that_is_wrong_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"passive_ip": 1}')
    with pytest.raises(UsageError, match=r"(?s)certificate_file.*passive_ip|passive_ip.*certificate_file"):
        config.load(path)


def test_the_server_s_record_tells_what_is_of_ftp() -> None:
    server = Server(
        ServerId="s-0123456789abcdef0",
        Arn="arn",
        Protocols=("SFTP", "FTPS"),
        ProtocolDetails=ProtocolOptions(PassiveIp="0.0.0.0", TlsSessionResumptionMode="DISABLED"),
        PostAuthenticationLoginBanner="Hello",
    )
    assert config.of_record(server) == {
        "protocols": frozenset({"FTPS"}),
        "passive_ip": "0.0.0.0",
        "tls_session_resumption_mode": "DISABLED",
        "post_authentication_login_banner": "Hello",
    }
