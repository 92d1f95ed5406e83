"""What users choose about the SFTP side of a stack."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.exceptions import UsageError

PARTIAL_UPLOADS = ("keep", "discard")
MAX_WORKERS = 64


@dataclass(frozen=True)
class SftpOptions:
    """:param partial_upload: what becomes of an upload whose session ends with the file open: `keep` what
        arrived, as Transfer Family does, or `discard` it
    :param workers: processes that serve each server
    """

    partial_upload: str = "discard"
    workers: int = 1

    def validate(self) -> None:
        """Raise `UsageError` that names every problem."""
        problems = []
        if self.partial_upload not in PARTIAL_UPLOADS:
            problems.append(f"--partial-upload is {' or '.join(PARTIAL_UPLOADS)}, not {self.partial_upload}")
        if not 1 <= self.workers <= MAX_WORKERS:
            problems.append(f"--sftp-workers is 1 to {MAX_WORKERS}, not {self.workers}")
        if problems:
            raise UsageError("; ".join(problems))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
