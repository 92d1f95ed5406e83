"""The SFTP front end with a sink for storage: `python -m benchmarks.sftp_sink_server CONFIG`.

Shows what the front end itself can do when S3 costs nothing.
"""

from __future__ import annotations

import sys

from harness.sftp.__main__ import main
from harness.sftp.storage.base import Metadata, StoredObject
from harness.sftp.storage.s3 import S3Storage


class Sink(S3Storage):
    """Takes whole objects and forgets them."""

    async def put(self, bucket: str, key: str, data: bytes | bytearray, metadata: Metadata) -> StoredObject:  # noqa: ARG002
        return StoredObject("0" * 32, "sink")


if __name__ == "__main__":
    main(sys.argv[1:], Sink)
