"""What the SFTP benchmarks share: an engine and a bucket."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import aws
from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost


@contextmanager
def an_engine(endpoint_url: str | None) -> Iterator[EngineInfo]:
    """Yield the engine at `endpoint_url`, or a LocalStack that ends with the benchmark."""
    if endpoint_url is not None:
        yield EngineInfo("url", "external", "unknown", endpoint_url)
        return
    engine = LocalStackHost()
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield engine.start(Path(folder), print)
        finally:
            engine.stop()


def a_bucket(engine: EngineInfo) -> str:
    """Make a versioned bucket, as the pipeline's source bucket is."""
    s3 = aws.client("s3", engine)
    name = f"bench-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name
