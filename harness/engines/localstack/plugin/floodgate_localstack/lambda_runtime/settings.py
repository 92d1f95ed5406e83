"""Settings of the Lambda runtime, read from the environment variables of the LocalStack process."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """A setting is missing or unusable; the message names the variable and the fix."""


@dataclass(frozen=True)
class Settings:
    """What the Lambda runtime may use.

    `python` runs the handlers, `folder` holds unpacked code and scratch space, `max_processes` bounds the
    environments over all functions, `cold_starts` those that start at the same time, `prewarm` is how many
    each function gets before its first invocation.
    """

    python: str
    folder: Path
    max_processes: int = 16
    cold_starts: int = 2
    prewarm: int = 0
    init_timeout_s: float = 10.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raises SettingsError with the name of the variable at fault."""
        default_folder = Path(tempfile.gettempdir()) / f"floodgate-lambda-{os.getpid()}"
        return cls(
            python=_python(environ),
            folder=Path(environ.get("FLOODGATE_LAMBDA_DIR") or default_folder).resolve(),
            max_processes=_count(environ, "FLOODGATE_LAMBDA_MAX_PROCESSES", cls.max_processes),
            cold_starts=_count(environ, "FLOODGATE_LAMBDA_COLD_STARTS", cls.cold_starts),
            prewarm=_count(environ, "FLOODGATE_LAMBDA_PREWARM", cls.prewarm, least=0),
            init_timeout_s=_seconds(environ, "FLOODGATE_LAMBDA_INIT_TIMEOUT_S", cls.init_timeout_s),
        )


def _python(environ: Mapping[str, str]) -> str:
    python = environ.get("FLOODGATE_LAMBDA_PYTHON", "")
    if not python or not os.access(python, os.X_OK):
        raise SettingsError(
            f"FLOODGATE_LAMBDA_PYTHON is {python!r}: set it to a Python that has awslambdaric installed"
        )
    return python


def _count(environ: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise SettingsError(f"{name} is {text!r}: set it to a whole number of at least {least}")
    return int(text)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError as exc:
        raise SettingsError(f"{name} is {text!r}: set it to a number of seconds") from exc
    if not 0 < value < float("inf"):
        raise SettingsError(f"{name} is {text!r}: set it to a number of seconds above 0")
    return value
