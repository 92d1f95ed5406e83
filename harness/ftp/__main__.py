"""`python -m harness.ftp CONFIG.json`: FTPS and FTP as a process (see `harness.sftp.process`)."""

from __future__ import annotations

import sys

from harness.ftp import config as configuration
from harness.ftp.server import FtpServer
from harness.sftp import process
from harness.sftp.process import Program
from harness.sftp.storage.s3 import S3Storage

if __name__ == "__main__":
    process.main(Program("harness.ftp", configuration.load, FtpServer), sys.argv[1:], S3Storage)
