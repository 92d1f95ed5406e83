"""`python -m harness.sftp CONFIG.json`: the SFTP front end as a process (see `process`)."""

from __future__ import annotations

import sys
from typing import NoReturn

from harness.sftp import config as configuration
from harness.sftp import process
from harness.sftp.process import MakeStorage, Program
from harness.sftp.server import TransferServer
from harness.sftp.storage.s3 import S3Storage


def main(arguments: list[str], make_storage: MakeStorage = S3Storage) -> NoReturn:
    """Run the process until it has ended."""
    process.main(Program("harness.sftp", configuration.load, TransferServer), arguments, make_storage)


if __name__ == "__main__":
    main(sys.argv[1:])
