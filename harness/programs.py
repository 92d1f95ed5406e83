"""The frame of a process of the harness: a configuration file in, an exit code out."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from harness.exceptions import FloodgateError, UsageError
from harness.exit_codes import ExitCode

_Config = TypeVar("_Config", bound=BaseModel)


def run(usage: str, arguments: Sequence[str], work: Callable[[Path], None]) -> ExitCode:
    """Call `work` with the configuration file, the only argument; tell its error and return the exit code."""
    try:
        if len(arguments) != 1:
            raise UsageError(f"usage: {usage}")
        work(Path(arguments[0]))
    except FloodgateError as exc:
        print(f"error: {exc.message}", file=sys.stderr)
        if exc.hint:
            print(f"  fix: {exc.hint}", file=sys.stderr)
        return exc.exit_code
    return ExitCode.PASSED


def read_config(path: Path, model: type[_Config], what: str) -> _Config:
    """Read and check a configuration file.

    :param what: the name of such a configuration, for errors
    :raises UsageError: it cannot be read, is not JSON, or breaks a rule; all broken rules are listed
    """
    try:
        return model.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise UsageError(f"cannot read {what}: {exc}") from exc
    except ValidationError as exc:
        problems = [f"  {'.'.join(map(str, e['loc'])) or 'configuration'}: {e['msg']}" for e in exc.errors()]
        raise UsageError("\n".join([f"{what} {path} is wrong:", *problems])) from exc
    except ValueError as exc:
        raise UsageError(f"{what} {path} is not JSON: {exc}") from exc


def allow_many_files() -> None:
    """Raise the limit of open files as far as it goes: every connection is one, and the usual 1,024 are far
    below Transfer's 10,000 sessions.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
