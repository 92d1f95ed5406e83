"""What users choose about the SFTP side of a stack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.exceptions import UsageError

PARTIAL_UPLOADS = ("keep", "discard")
MAX_WORKERS = 64
STAND_IN = "stand-in"
TRANSFER = "transfer"
ENDPOINTS = (STAND_IN, TRANSFER)


@dataclass(frozen=True)
class SftpOptions:
    """How the SFTP side works, and where it is.

    :param partial_upload: what becomes of an upload whose session ends with the file open: `keep` what
        arrived, as Transfer Family does, so that a pipeline shows here what it would do there, or `discard`
    :param workers: processes that serve each server; one takes more than an engine of this machine does
    :param host: address to listen on
    :param port: of the stack's server; 0 takes a free one
    :param api_port: of the Transfer API; 0 takes a free one
    :param advertise_host: by which clients find `host`; None: by `host` itself
    :param endpoint: in an account: our own server (`stand-in`), or AWS's Transfer Family (`transfer`)
    """

    partial_upload: str = "keep"
    workers: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    api_port: int = 0
    advertise_host: str | None = None
    endpoint: str = STAND_IN

    @classmethod
    def chosen(cls, partial_upload: str | None, workers: int | None, **place: Any) -> SftpOptions:
        """Return the options with defaults for what is None.

        :param place: the fields that tell where it is
        """
        given = {"partial_upload": partial_upload, "workers": workers, **place}
        return cls(**{name: value for name, value in given.items() if value is not None})

    def validate(self) -> None:
        """Raise `UsageError` that names every problem."""
        problems = []
        if self.partial_upload not in PARTIAL_UPLOADS:
            problems.append(f"--partial-upload is {' or '.join(PARTIAL_UPLOADS)}, not {self.partial_upload}")
        if not 1 <= self.workers <= MAX_WORKERS:
            problems.append(f"--sftp-workers is 1 to {MAX_WORKERS}, not {self.workers}")
        if self.endpoint not in ENDPOINTS:
            problems.append(f"--sftp-endpoint is {' or '.join(ENDPOINTS)}, not {self.endpoint}")
        if self.endpoint == TRANSFER and replace(self, endpoint=STAND_IN) != SftpOptions():
            problems.append(
                f"with --sftp-endpoint {TRANSFER} the server is AWS's: --partial-upload, --sftp-workers, "
                "--sftp-host, --sftp-port, --transfer-port and --advertise-host are for our own"
            )
        if problems:
            raise UsageError("; ".join(problems))

    def to_json(self) -> dict[str, Any]:
        """Return the options as `status --json` shows them."""
        return {
            "partial_upload": self.partial_upload,
            "sftp_workers": self.workers,
            "sftp_endpoint": self.endpoint,
        }
