"""One stack for a whole test run.

With pytest-xdist the tests run in several processes. The first of them that wants the stack starts it, the
others find it there, and the process that started them all takes it down at the end. Its death, too, ends the
stack: the stack's watcher looks after that process.
"""

from __future__ import annotations

import logging
import shutil
import warnings
from pathlib import Path

from harness.exceptions import EnvironmentNotReadyError
from harness.pytest_plugin.place import Place, alone
from harness.pytest_plugin.settings import Settings
from harness.stack.description import StackDescription

_KEPT_LOGS = ("engine.log", "sftp.log", "stand-ins.log")
_log = logging.getLogger("floodgate")


def obtain(place: Place, settings: Settings) -> StackDescription:
    """Return the stack of the test run, started now unless another process has done so.

    :raises FloodgateError: it cannot be started, or the stack that was named is not up
    """
    if settings.stack is not None:
        return _kept(settings.stack)
    with alone(place.name):
        if place.failure_file.exists():
            raise EnvironmentNotReadyError(place.failure_file.read_text())
        return _existing(place.name) or _started(place, settings)


def release(place: Place, settings: Settings) -> None:
    """Take down the stack of the test run; its logs go to the folder of reports."""
    from harness.stack import evidence, lifecycle

    try:
        if settings.reports is not None:
            evidence.fetch_engine_log(settings.engine, place.folder)
            _keep_logs(place.folder, settings.reports)
    except OSError as exc:
        warnings.warn(f"the logs of the stack could not be kept: {exc}", RuntimeWarning, stacklevel=2)
    finally:
        lifecycle.down(place.name, _log.info)


def _kept(name: str) -> StackDescription:
    found = _existing(name)
    if found is None:
        raise EnvironmentNotReadyError(
            f"no stack named {name!r} is up", hint=f"start it: floodgate up --name {name}"
        )
    return found


def _existing(name: str) -> StackDescription | None:
    from harness.stack import lifecycle

    return lifecycle.describe(name)


def _started(place: Place, settings: Settings) -> StackDescription:
    from harness.deploy.options import PipelineOptions
    from harness.stack import lifecycle

    pipeline = PipelineOptions(
        route=settings.route,
        parameters=settings.parameters,
        template=settings.template,
        handlers=settings.handlers,
    )
    pipeline.validate()
    try:
        return lifecycle.up(
            place.name,
            engine=settings.engine,
            pipeline=pipeline,
            customers=settings.customers,
            owner_pid=place.owner_pid,
            progress=_log.info,
        )
    except EnvironmentNotReadyError as exc:
        # The other processes of the run need not try, and fail, one after the other.
        place.failure_file.write_text(f"{exc.message}" + (f" (fix: {exc.hint})" if exc.hint else ""))
        raise


def _keep_logs(folder: Path, reports: Path) -> None:
    reports.mkdir(parents=True, exist_ok=True)
    for name in _KEPT_LOGS:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, reports / name)
