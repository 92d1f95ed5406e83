"""MiniStack's record of a function as our Lambda runtime knows functions."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import threading
import time
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec

_DEFAULT_TIMEOUT_S = 3
_PARTS = ("CodeSha256", "Handler", "Runtime", "Environment", "Timeout", "MemorySize", "LoggingConfig", "Role")
"""What makes another function of one of the same name and version."""
_unpacking = threading.Lock()


def of(function: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration in a record, which MiniStack also hands around by itself."""
    found: dict[str, Any] = function.get("config") or function
    return found


def key(function: dict[str, Any]) -> str:
    """Return what tells one function version, as it is configured now, from all others."""
    config = of(function)
    parts = json.dumps([config.get(name) for name in _PARTS], sort_keys=True)
    return f"{_unqualified(config)}:{config.get('Version')}:{hashlib.sha256(parts.encode()).hexdigest()}"


def spec(function: dict[str, Any], folder: Path) -> FunctionSpec:
    """Return what the runtime must know, after unpacking the code below `folder`, once for each package."""
    config = of(function)
    return FunctionSpec(
        name=config["FunctionName"],
        version=config.get("Version", "$LATEST"),
        handler=config["Handler"],
        runtime=config["Runtime"],
        memory_mb=int(config.get("MemorySize", 128)),
        timeout_s=float(config.get("Timeout", _DEFAULT_TIMEOUT_S)),
        task_root=_unpacked(function["code_zip"], folder / "code"),
    )


def variables(function: dict[str, Any], stream: str) -> dict[str, str]:
    """Return the variables of an execution environment: AWS's, the engine's and the function's own."""
    config = of(function)
    runtime: Any = import_module("ministack.core.lambda_runtime")
    region = config["FunctionArn"].split(":")[3]
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **runtime.execution_credentials(config),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        runtime.HOST_PREFIX_ENV: "true",
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(config),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "_HANDLER": config["Handler"],
        **_log_format(config),
        **{
            name: str(value) for name, value in (config.get("Environment") or {}).get("Variables", {}).items()
        },
    }


def log_group(config: dict[str, Any]) -> str:
    """Return the log group of a function."""
    chosen = (config.get("LoggingConfig") or {}).get("LogGroup")
    return chosen or f"/aws/lambda/{config['FunctionName']}"


def log_stream(function: dict[str, Any], environment_id: str) -> str:
    """Return the name of the log stream of an execution environment that starts today."""
    day = time.strftime("%Y/%m/%d", time.gmtime())
    return f"{day}/[{of(function).get('Version', '$LATEST')}]{environment_id}"


def _unqualified(config: dict[str, Any]) -> str:
    return ":".join(config["FunctionArn"].split(":")[:7])


def _log_format(config: dict[str, Any]) -> dict[str, str]:
    """Return the variables through which awslambdaric learns of JSON logs and the log level."""
    logging = config.get("LoggingConfig") or {}
    if logging.get("LogFormat") != "JSON":
        return {}
    level = logging.get("ApplicationLogLevel") or "INFO"
    return {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}


def _unpacked(package: bytes, folder: Path) -> Path:
    target = folder / hashlib.sha256(package).hexdigest()[:32]
    with _unpacking:
        if not target.exists():
            unfinished = target.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                archive.extractall(unfinished)
            unfinished.rename(target)
    return target
