"""What a server's settings say about its records."""

from __future__ import annotations

from dataclasses import dataclass

from harness.exceptions import EnvironmentNotReadyError
from harness.sftp.config import SftpConfig
from harness.transfer.model import Server, WorkflowTriggers


@dataclass(frozen=True)
class RecordSettings:
    """`None` turns an outlet off."""

    structured_group: str | None = None
    """Log group of the JSON lines."""
    legacy_group: str | None = None
    """Log group of the text lines; its name is not for the user to choose."""
    workflows: WorkflowTriggers | None = None


def of_config(config: SftpConfig) -> RecordSettings:
    return RecordSettings(
        structured_group=config.log_group,
        legacy_group=_legacy_group(config.server_id, config.logging_role),
        workflows=config.workflow_details,
    )


def of_server(server: Server) -> RecordSettings:
    """:raises EnvironmentNotReadyError: a destination of the logs is not a log group"""
    groups = [_group_of(arn) for arn in server.StructuredLogDestinations]
    return RecordSettings(
        structured_group=groups[0] if groups else None,
        legacy_group=_legacy_group(server.ServerId, server.LoggingRole),
        workflows=server.WorkflowDetails,
    )


def _group_of(arn: str) -> str:
    """Return the name in `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`."""
    parts = arn.split(":")
    if parts[5:6] != ["log-group"] or len(parts) < 7:
        raise EnvironmentNotReadyError(
            f"{arn} is not the ARN of a log group",
            hint="StructuredLogDestinations takes arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*",
        )
    return parts[6]


def _legacy_group(server_id: str, logging_role: str | None) -> str | None:
    """https://docs.aws.amazon.com/transfer/latest/userguide/log-server-manage.html"""
    return f"/aws/transfer/{server_id}" if logging_role else None
