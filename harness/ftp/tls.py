"""TLS of FTPS: the server's certificate, the security policy's ciphers, and resumed sessions.

All ciphers that AWS publishes for its policies are of TLS 1.2, so that is the version
(https://docs.aws.amazon.com/transfer/latest/userguide/security-policies.html).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from harness.exceptions import EnvironmentNotReadyError
from harness.ftp.config import Resumption
from harness.transfer.policies import SECURITY_POLICIES

_CIPHER = re.compile(
    r"TLS_(?:(?P<exchange>ECDHE_\w+?|RSA)_WITH_)AES_(?P<bits>\d+)_(?P<mode>GCM|CBC)_(?P<hash>SHA\d+)"
)
_LIFETIME = timedelta(days=3650)
_log = logging.getLogger(__name__)
_SESSION_CONTEXT = b"floodgate-ftps"


def context(certificate_file: Path, security_policy: str, resumption: Resumption) -> SSL.Context:
    """Return what control and data connections share.

    :raises EnvironmentNotReadyError: the certificate cannot be used
    """
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_max_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE)
    names = (openssl_name(name) for name in SECURITY_POLICIES[security_policy].tls_ciphers)
    made.set_cipher_list(":".join(names).encode())
    made.set_session_id(_SESSION_CONTEXT)
    if resumption == "DISABLED":
        made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        made.set_options(SSL.OP_NO_TICKET)
    try:
        made.use_certificate_chain_file(str(certificate_file))
        made.use_privatekey_file(str(certificate_file))
        made.check_privatekey()
    except SSL.Error as exc:
        raise EnvironmentNotReadyError(
            f"cannot use the certificate in {certificate_file}: {exc}",
            hint="the file needs the certificate, then its chain, and the private key, all in PEM",
        ) from exc
    return made


def openssl_name(name: str) -> str:
    """Return what OpenSSL calls a cipher of TLS 1.2: `TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256` is
    `ECDHE-RSA-AES128-SHA256` (https://docs.openssl.org/master/man1/openssl-ciphers/).
    """
    match = _CIPHER.fullmatch(name)
    assert match is not None, name
    exchange = "" if match["exchange"] == "RSA" else match["exchange"].replace("_", "-") + "-"
    mode = "-GCM" if match["mode"] == "GCM" else ""
    return f"{exchange}AES{match['bits']}{mode}-{match['hash']}"


def is_resumed(data: SSL.Connection, control: SSL.Connection) -> bool:
    """Tell whether a data connection continues the session of its control connection: in TLS 1.2, both have
    its master secret then.
    """
    secret = data.master_key()
    return bool(secret) and secret == control.master_key()


class OneWayClose:
    """Ends TLS by telling so, and does not wait for the client to tell it, too, as RFC 8446 (6.1) allows.
    pyftpdlib's own way goes round and round when the client is gone.
    """

    socket: SSL.Connection
    handle_ssl_shutdown: Callable[[], None]
    _ssl_closing: bool
    _ssl_established: bool
    _ssl_want_write: bool

    def _do_ssl_shutdown(self) -> None:
        self._ssl_closing = True
        try:
            self.socket.shutdown()
        except SSL.WantWriteError:
            self._ssl_want_write = True
            return
        except (SSL.Error, OSError) as exc:
            _log.debug("TLS could not be ended: %r", exc)
        self._ssl_closing = self._ssl_established = False
        self.handle_ssl_shutdown()


def ensure_certificate(path: Path, host: str) -> None:
    """Make a self-signed certificate for the server, unless the file is there.

    :raises EnvironmentNotReadyError: it cannot be written
    """
    if path.exists():
        return
    half = path.with_name(f".{path.name}.new")
    try:
        half.touch(mode=0o600)
        half.write_bytes(_self_signed(host))
        half.replace(path)
    except OSError as exc:
        raise EnvironmentNotReadyError(f"cannot write the certificate {path}: {exc}") from exc


def _self_signed(host: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def _names(host: str) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    try:
        own: x509.GeneralName = x509.IPAddress(ip_address(host))
    except ValueError:
        own = x509.DNSName(host)
    return names if own in names else [*names, own]
