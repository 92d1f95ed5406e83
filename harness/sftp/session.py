"""One authenticated SSH connection, as the parts behind it see it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from harness.sftp.authorisation import Authorisation
from harness.sftp.directories import Directories, directories_of
from harness.sftp.identity import User
from harness.sftp.journal import UploadRef
from harness.sftp.records.events import Protocol
from harness.sftp.records.session import SessionInfo, SessionRecords
from harness.sftp.services import Services
from harness.sftp.storage.base import Metadata


@dataclass(frozen=True)
class Session:
    """`id` is 20 hex digits, as in newer Transfer logs."""

    id: str
    user: User
    source_ip: str
    directories: Directories
    authorisation: Authorisation
    records: SessionRecords
    services: Services

    @property
    def object_metadata(self) -> Metadata:
        """What Transfer writes beside every object:
        https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html
        """
        return {
            "user-agent": "AWSTransfer",
            "user-agent-id": f"{self.user.name}@{self.services.config.server_id}",
        }

    def upload_ref(self, bucket: str, key: str) -> UploadRef:
        return UploadRef(self.user.name, bucket, key, self.id)


def begin(user: User, source_ip: str, services: Services, protocol: Protocol = "SFTP") -> Session:
    """Open the books on a new session."""
    session_id = secrets.token_hex(10)
    records = services.records.session(SessionInfo(session_id, user.name, source_ip, protocol))
    authorisation = services.authoriser.for_session(user, session_id=session_id, source_ip=source_ip)
    return Session(session_id, user, source_ip, directories_of(user), authorisation, records, services)
