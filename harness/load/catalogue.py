"""Finds scenarios by name or path and reads their workload."""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import harness.load
from harness.exceptions import UsageError
from harness.load import ReadOnlyUser
from harness.load.reading import workloads
from harness.load.reading.workloads import Checks
from harness.load.workload import Workload, problems_as_usage_error

_YAML_SUFFIXES = (".yaml", ".yml")
_SUFFIXES = (".py", *_YAML_SUFFIXES)
_NO_PATCH_ENV = "LOCUST_SKIP_MONKEY_PATCH"


@dataclass(frozen=True)
class Scenario:
    """A scenario file that has been read: a Locust file, or a workload in YAML."""

    name: str
    path: Path
    workload: Workload
    module: ModuleType


def names() -> list[str]:
    """Return the names of the scenarios that come with Floodgate, such as `million-a-day`."""
    return sorted(_known())


def scenario(name_or_path: str, checks: Checks | None = None) -> Scenario:
    """Read a scenario by its name, or a file of the user's own by its path.

    Locust is not imported on behalf of the scenario; a file that imports it itself gets it unpatched.

    :param checks: for the texts of a workload file, so that what they find is told with the rest
    :raises UsageError: there is no such scenario, or its file or workload is wrong
    """
    with _locust_unpatched():
        return load(locate(name_or_path), checks)


def locate(name_or_path: str) -> Path:
    """Return the scenario's file; raises `UsageError` with the known names."""
    if name_or_path.endswith(_SUFFIXES) or os.sep in name_or_path:
        return _own_file(Path(name_or_path))
    known = _known()
    if (name := name_or_path.replace("_", "-")) in known:
        return known[name]
    raise UsageError(
        f"there is no scenario {name_or_path!r}; known: {', '.join(sorted(known))}",
        hint="a scenario of your own is given by its path, ending in .py or .yaml",
    )


def _own_file(path: Path) -> Path:
    try:
        found = path.is_file()
    except OSError as exc:  # a name that no file can have
        raise UsageError(
            f"there is no scenario file of that name: {exc.strerror}", hint="floodgate scenarios lists names"
        ) from exc
    if not found:
        what = "it is not a file" if path.exists() else "the folder has no such file"
        raise UsageError(
            f"there is no scenario file {path}: {what}",
            hint="floodgate scenarios lists those that come along",
        )
    if path.suffix not in _SUFFIXES:
        raise UsageError(
            f"{path} is neither a Locust file nor a workload file",
            hint=f"its name must end in {', '.join(_SUFFIXES)}",
        )
    return path.resolve()


def load(path: Path, checks: Checks | None = None) -> Scenario:
    """Read the scenario's file; raises as `scenario`, also where a Python file declares no user."""
    if path.suffix in _YAML_SUFFIXES:
        workload, module = workloads.read(path, checks or {}), _uploading_only(path)
    else:
        workload, module = _run_python(path)
    return Scenario(path.stem.replace("_", "-"), path, workload.located(path.parent), module)


def _uploading_only(path: Path) -> ModuleType:
    """Return what a Python scenario of that name would be whose user does nothing of its own."""
    module = ModuleType(_module_name(path))
    vars(module)["Customer"] = type("Customer", (harness.load.SftpUser,), {"__module__": module.__name__})
    return module


def _run_python(path: Path) -> tuple[Workload, ModuleType]:
    module = _imported(path)
    workload = getattr(module, "WORKLOAD", None)
    if not isinstance(workload, Workload):
        raise UsageError(
            f"{path} declares no workload", hint="add: WORKLOAD = Workload(…), see scenarios/smoke.py"
        )
    if not any(map(_is_user, vars(module).values())):
        raise UsageError(
            f"{path} declares no Locust user", hint="add: class Customer(SftpUser): …, see scenarios/smoke.py"
        )
    return workload, module


def _is_user(value: object) -> bool:
    """Tell whether this is a user's own `SftpUser`, be that the real one or the stand-in for reading."""
    if not isinstance(value, type) or vars(value).get("abstract"):
        return False
    return any(issubclass(base, ReadOnlyUser) or base.__name__ == "SftpUser" for base in value.__mro__[1:])


def _imported(path: Path) -> ModuleType:
    name = _module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with problems_as_usage_error(f"the workload of {path} is wrong"):
            spec.loader.exec_module(module)
    except UsageError:
        raise
    except (Exception, SystemExit) as exc:  # the file may do anything; what it raises is told to its author
        raise UsageError(
            f"{path} cannot be loaded{_line_of(path, exc)}: {type(exc).__name__}: {exc}",
            hint=f"it must be a Python file that can be imported; try: python {path}",
        ) from exc
    return module


def _line_of(path: Path, exc: BaseException) -> str:
    """Return where the file was when it raised; what Python cannot compile says so itself."""
    lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""


def _module_name(path: Path) -> str:
    return f"floodgate_scenario_{path.stem}"


def _known() -> dict[str, Path]:
    """Return the scenarios that come with Floodgate, by name."""
    files = (path for path in _folder().iterdir() if path.suffix in _SUFFIXES)
    return {path.stem.replace("_", "-"): path for path in files if not path.stem.startswith("_")}


def _folder() -> Path:
    spec = importlib.util.find_spec("scenarios")
    if spec is None or spec.origin is None:
        raise UsageError("the scenarios folder is missing", hint="reinstall floodgate-harness")
    return Path(spec.origin).parent


@contextmanager
def _locust_unpatched() -> Iterator[None]:
    before = os.environ.get(_NO_PATCH_ENV)
    os.environ[_NO_PATCH_ENV] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_PATCH_ENV]
        else:
            os.environ[_NO_PATCH_ENV] = before
