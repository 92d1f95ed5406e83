"""Lambda functions for tests, made from files."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.integration.authentication.running_server import SERVER_ID

ROLE = "arn:aws:iam::000000000000:role/test"


def create_function(
    client: Any,
    name: str,
    handler: Path,
    *,
    packages: Iterable[str] = (),
    environment: dict[str, str] | None = None,
) -> str:
    """Create a function that Transfer may invoke, and wait until it is active; return its ARN.

    :param packages: pure Python packages of this environment, put beside the file
    """
    answer = client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler=f"{handler.stem}.handler",
        Role=ROLE,
        Timeout=15,
        MemorySize=128,
        Code={"ZipFile": _zipped(handler, packages)},
        Environment={"Variables": environment or {}},
    )
    client.add_permission(
        FunctionName=name,
        StatementId="transfer",
        Action="lambda:InvokeFunction",
        Principal="transfer.amazonaws.com",
        SourceArn=f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}",
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(answer["FunctionArn"])


def _zipped(handler: Path, packages: Iterable[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(handler, handler.name)
        for package in packages:
            folder = _folder_of(package)
            for file in sorted(folder.rglob("*.py")):
                archive.write(file, file.relative_to(folder.parent))
    return buffer.getvalue()


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
