"""What users choose about the SFTP side of a stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.exceptions import UsageError

PARTIAL_UPLOADS = ("keep", "discard")
MAX_WORKERS = 64


@dataclass(frozen=True)
class SftpOptions:
    """:param partial_upload: what becomes of an upload whose session ends with the file open: `keep` what
        arrived, as Transfer Family does, so that a pipeline shows here what it would do there, or `discard`
    :param workers: processes that serve each server; one takes more than an engine of this machine does
    """

    partial_upload: str = "keep"
    workers: int = 1

    @classmethod
    def chosen(cls, partial_upload: str | None, workers: int | None) -> SftpOptions:
        """Return the options with defaults for what is None."""
        given: dict[str, Any] = {"partial_upload": partial_upload, "workers": workers}
        return cls(**{name: value for name, value in given.items() if value is not None})

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
        """Return the options as `status --json` shows them."""
        return {"partial_upload": self.partial_upload, "sftp_workers": self.workers}
