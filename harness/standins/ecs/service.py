"""A running service: keeps as many tasks as it wants, and changes how many that is by its scaling rule.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

from harness.aws import client
from harness.engines.base import EngineInfo
from harness.engines.process import OWNER_ENV
from harness.environments import ensure
from harness.exceptions import AwsError, StackLostError
from harness.standins.ecs.definition import Service
from harness.standins.ecs.logs import TaskLog
from harness.standins.ecs.metrics import Metrics
from harness.standins.ecs.scaling import Cooldowns
from harness.standins.ecs.task import Machine, Task, new_task_id

EVALUATE_EVERY_S = 2.0
"""How often the scaling rule is looked at."""
_TICK_S = 0.1
_RESTART_BACKOFF_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Pause before a task is replaced, after so many that ended soon: ECS slows down services that keep failing.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
"""
_SETTLED_S = 30.0
"""A task that has run for so long did not fail at its start."""
_log = logging.getLogger(__name__)


class RunningService:
    """Works from `run` until `stop`. `run` starts all tasks, so they live no longer than its thread.

    :param most: tasks that this machine can bear
    """

    def __init__(self, service: Service, engine: EngineInfo, code: Path, *, most: int) -> None:
        self.name = service.name
        self._service = _within(service, most)
        owner = {OWNER_ENV: os.environ[OWNER_ENV]} if OWNER_ENV in os.environ else {}
        self._machine = Machine(ensure("lambda-runtime", _log.info), code, engine, owner)
        self._logs = client("logs", engine)
        self._stopping = threading.Event()
        self._tasks: list[Task] = []
        self._desired = self._service.desired_count
        self._early_ends = 0
        self._start_after_s = 0.0
        self._evaluate_at_s = time.monotonic() + EVALUATE_EVERY_S
        rule = self._service.scaling
        self._metrics = Metrics(rule.specification, engine) if rule else None
        self._cooldowns = Cooldowns(rule.tracking) if rule else None

    def stop(self) -> None:
        """Ask all tasks to end; `run` returns when they have."""
        self._stopping.set()

    def replace_tasks(self, code: Path) -> None:
        """Have all tasks run other code: new ones are started first, then the old ones are stopped."""
        self._machine = replace(self._machine, code=code)

    def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping.wait(_TICK_S):
            self._reap()
            self._scale()
            self._start_missing()
            self._stop_surplus()
        for task in self._tasks:
            task.stop()
        while self._tasks:
            self._reap()
            time.sleep(_TICK_S)

    def _reap(self) -> None:
        for task in [task for task in self._tasks if task.has_ended()]:
            self._tasks.remove(task)
            code = task.close()
            if task.is_stopping:
                _log.info("%s: task %s stopped (exit code %d)", self.name, task.id, code)
            else:
                self._on_early_end(task, code)

    def _on_early_end(self, task: Task, code: int) -> None:
        """A task that was not asked to end is replaced, and later each time if it had just begun."""
        self._early_ends = 0 if task.age_s() > _SETTLED_S else self._early_ends + 1
        pause_s = _RESTART_BACKOFF_S[min(self._early_ends, len(_RESTART_BACKOFF_S)) - 1]
        self._start_after_s = time.monotonic() + pause_s
        _log.error("%s: task %s ended by itself (exit code %d)", self.name, task.id, code)

    def _scale(self) -> None:
        rule = self._service.scaling
        now_s = time.monotonic()
        if rule is None or self._metrics is None or self._cooldowns is None or now_s < self._evaluate_at_s:
            return
        self._evaluate_at_s = now_s + EVALUATE_EVERY_S
        try:
            value = self._metrics.read(len(self._active()))
        except (AwsError, StackLostError) as exc:
            _log.error("%s: the scaling rule could not be evaluated: %s", self.name, exc.message)
            return
        wanted = rule.tracking.wanted(self._desired, value)
        desired = self._cooldowns.decide(self._desired, wanted, now_s)
        if desired != self._desired:
            _log.info("%s: %d -> %d tasks (metric %s)", self.name, self._desired, desired, value)
            self._desired = desired

    def _start_missing(self) -> None:
        while len(self._current()) < self._desired and time.monotonic() >= self._start_after_s:
            task_id = new_task_id()
            container = self._service.container
            log = TaskLog(self._logs, container.logs, container.name, task_id)
            self._tasks.append(Task(self._service, self._machine, log, task_id))
            _log.info("%s: task %s started as process %d", self.name, task_id, self._tasks[-1].pid)

    def _stop_surplus(self) -> None:
        """Stop tasks of former code once new ones run in their place, and the newest above the count."""
        current = self._current()
        if len(current) < self._desired:
            return
        outdated = [task for task in self._active() if task not in current]
        for task in [*outdated, *current[self._desired :]]:
            task.stop()

    def _active(self) -> list[Task]:
        return [task for task in self._tasks if not task.is_stopping]

    def _current(self) -> list[Task]:
        """Return the tasks of today's code that are to stay, oldest first."""
        return [task for task in self._active() if task.code == self._machine.code]


def _within(service: Service, most: int) -> Service:
    """Return the service with as many tasks at most as the machine can bear."""
    rule = service.scaling
    if rule is not None:
        tracking = rule.tracking
        least, largest = min(tracking.min_capacity, most), min(tracking.max_capacity, most)
        rule = replace(rule, tracking=replace(tracking, min_capacity=least, max_capacity=largest))
    return replace(service, desired_count=min(service.desired_count, most), scaling=rule)
