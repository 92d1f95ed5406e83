"""The configuration file of the FTP process: that of the SFTP process, and what only FTPS and FTP have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from harness.programs import read_config
from harness.sftp.config import SftpConfig
from harness.transfer.model import Server

Resumption = Literal["DISABLED", "ENABLED", "ENFORCED"]
FtpProtocol = Literal["FTPS", "FTP"]
_Port = Annotated[int, Field(ge=1024, le=65535)]


class FtpConfig(SftpConfig):
    """Everything that `python -m harness.ftp` needs to know."""

    protocols: Annotated[frozenset[FtpProtocol], Field(min_length=1)] = frozenset({"FTPS"})
    """Both share one port, as on AWS: a session becomes FTPS with `AUTH TLS`."""
    passive_ports: tuple[_Port, _Port] | None = None
    """First and last port of data connections; None takes free ones. AWS has 8192 to 8200
    (https://docs.aws.amazon.com/transfer/latest/userguide/create-server-in-vpc.html).
    """
    passive_ip: str = "AUTO"
    """`PassiveIp`: what PASV tells; AUTO is the address that the client came to."""
    tls_session_resumption_mode: Resumption = "ENFORCED"
    certificate_file: Path
    """PEM with certificate and private key. Made (self-signed) when it does not exist: AWS does not hand out
    the private key of a certificate in ACM.
    """
    post_authentication_login_banner: Annotated[str, Field(max_length=4096)] = ""
    max_sessions: Annotated[int, Field(ge=1)] = 300
    """What AWS states for FTPS where it sees all clients come from one address (NAT), as here
    (https://docs.aws.amazon.com/transfer/latest/userguide/infrastructure-security.html).
    """
    data_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    """A transfer that does not move for so long is broken off ("approximately 10 minutes")."""

    @model_validator(mode="after")
    def _no_service_managed_users(self) -> FtpConfig:
        if self.store_file is None and self.identity_provider_type == "SERVICE_MANAGED":
            raise ValueError("FTPS and FTP need a custom identity provider")
        return self

    @model_validator(mode="after")
    def _ports_in_order(self) -> FtpConfig:
        if self.passive_ports is not None and self.passive_ports[0] > self.passive_ports[1]:
            raise ValueError("the first of passive_ports is higher than the last")
        return self


def load(path: Path) -> FtpConfig:
    """Read and check the file.

    :raises UsageError: it cannot be read, is not JSON, or breaks a rule; all broken rules are listed
    """
    return read_config(path, FtpConfig, "the FTP configuration")


def of_record(server: Server) -> dict[str, Any]:
    """Return what a server's record says of FTPS and FTP, as fields of the configuration."""
    details = server.ProtocolDetails
    return {
        "protocols": frozenset({"FTPS", "FTP"} & set(server.Protocols)),
        "passive_ip": (details and details.PassiveIp) or "AUTO",
        "tls_session_resumption_mode": (details and details.TlsSessionResumptionMode) or "ENFORCED",
        "post_authentication_login_banner": server.PostAuthenticationLoginBanner or "",
    }
