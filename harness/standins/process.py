"""Runs pipes and services side by side and stops them together."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from harness.exceptions import FloodgateError
from harness.files import replace_json
from harness.standins.config import StandInsConfig, load
from harness.standins.ecs.code import CodeFolder
from harness.standins.ecs.definition import services_of
from harness.standins.ecs.service import RunningService
from harness.standins.pipes.definition import pipe_of
from harness.standins.pipes.run import RunningPipe

PIPE_TYPE = "AWS::Pipes::Pipe"
_log = logging.getLogger(__name__)


class Part(Protocol):
    """One stand-in at work."""

    name: str

    def run(self) -> None:
        """Work until `stop`; an error that it raises ends all stand-ins."""

    def stop(self) -> None:
        """Ask `run` to return soon."""


class StandIns:
    """All stand-ins of one configuration file.

    :raises UsageError: the file, or a resource in it, is not right
    :raises StackLostError: the engine does not answer
    """

    def __init__(self, config_file: Path) -> None:
        self._config_file = config_file
        self._wake = threading.Event()
        self._stopping = False
        self._reloading = False
        self._crash: BaseException | None = None
        config = load(config_file)
        self._ready_file = config.ready_file
        self._code = CodeFolder(config.engine, config.work_dir)
        self._services = _services(config, self._code)
        self._parts: list[Part] = [*_pipes(config), *self._services]

    def run(self) -> None:
        """Work until SIGTERM; raises what ended a part of it before."""
        handlers = {signal.SIGTERM: self._on_term, signal.SIGINT: _ignore, signal.SIGHUP: self._on_hangup}
        for number, handler in handlers.items():
            signal.signal(number, handler)
        threads = [threading.Thread(target=self._guarded(part), name=part.name) for part in self._parts]
        for thread in threads:
            thread.start()
        replace_json(self._ready_file, {"parts": [part.name for part in self._parts]})
        self._attend()
        for part in self._parts:
            part.stop()
        for thread in threads:
            thread.join()
        if self._crash is not None:
            raise self._crash

    def _attend(self) -> None:
        """Wait for signals and for parts that end by themselves."""
        while not self._stopping and self._crash is None:
            self._wake.wait()
            self._wake.clear()
            if self._reloading:
                self._reloading = False
                self._reload()

    def _reload(self) -> None:
        """Replace the tasks; where that cannot be, the ones that run go on."""
        try:
            folder = self._code.fetch(load(self._config_file).code)
        except FloodgateError as exc:
            _log.error("no new code: %s", exc.message)
            return
        _log.info("new code: tasks are replaced")
        for service in self._services:
            service.replace_tasks(folder)

    def _guarded(self, part: Part) -> Callable[[], None]:
        def guarded() -> None:
            try:
                part.run()
            except BaseException as exc:
                _log.exception("%s ended", part.name)
                self._crash = exc
                self._wake.set()
                raise SystemExit from exc

        return guarded

    def _on_term(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._wake.set()

    def _on_hangup(self, _number: int, _frame: FrameType | None) -> None:
        self._reloading = True
        self._wake.set()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Ctrl-C reaches the whole process group; the run that started us decides when we stop."""


def _pipes(config: StandInsConfig) -> list[RunningPipe]:
    pipes = [pipe_of(resource.logical_id, resource.properties) for resource in config.of_type(PIPE_TYPE)]
    return [RunningPipe(pipe, config.engine) for pipe in pipes]


def _services(config: StandInsConfig, code: CodeFolder) -> list[RunningService]:
    services = services_of(config.resources)
    if not services:
        return []
    folder = code.fetch(config.code)
    return [RunningService(service, config.engine, folder, most=config.max_tasks) for service in services]
