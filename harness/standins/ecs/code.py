"""The code that tasks run: the Lambda package, unpacked beside the stack.

On AWS a task runs an image. The pipeline's image holds the same files at the same pins, so the package stands
for it here.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.standins.config import Code


class CodeFolder:
    """Packages from the engine's S3, each unpacked once to a folder of its own."""

    def __init__(self, engine: EngineInfo, work_dir: Path) -> None:
        self._engine = engine
        self._work_dir = work_dir

    def fetch(self, code: Code) -> Path:
        """Return the folder with the package's files.

        :raises AwsError: there is no such package
        :raises StackLostError: the engine does not answer
        """
        folder = self._work_dir / Path(code.key).stem
        if not folder.is_dir():
            with translated(f"fetching s3://{code.bucket}/{code.key} for the tasks"):
                answer = client("s3", self._engine).get_object(Bucket=code.bucket, Key=code.key)
                content = answer["Body"].read()
            _unpack(content, folder)
        return folder


def _unpack(content: bytes, folder: Path) -> None:
    """Fill a folder beside the right one first, so that a folder that is there is whole."""
    half = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(half)
    half.replace(folder)
