"""The Locust users of one load process: who brings them, and when they begin.

To be imported in the load process only, since it imports Locust.
"""

from __future__ import annotations

from typing import Any, Protocol

import locust
from gevent.event import Event as Flag
from gevent.pool import Group
from locust.dispatch import UsersDispatcher
from locust.env import Environment
from locust.runners import WorkerNode

from harness import clock
from harness.load.catalogue import Scenario
from harness.load.sftp_user import SftpUser

_HEAD_START_S = 0.2
"""Between the last preparation and offset 0, so that the first files are not late."""


class Crew(Protocol):
    """Brings the users of one process and sends them home."""

    @property
    def environment(self) -> Environment:
        """Locust's."""

    @property
    def hands(self) -> Group:
        """The greenlets of all users."""

    def muster(self, users: int, stopping: Flag) -> float:
        """Have the users ready, and return when offset 0 of the schedule is; at once when told to stop."""

    def dismiss(self) -> None:
        """Let go of the users, who have put down their last file or hang."""


class LocalCrew:
    """All users of the run are in this process."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._runner = environment.create_local_runner()

    @property
    def hands(self) -> Group:
        return self._runner.user_greenlets

    def muster(self, users: int, stopping: Flag) -> float:  # noqa: ARG002  (nobody else is waited for)
        environment = self.environment
        environment.events.init.fire(environment=environment, runner=self._runner, web_ui=environment.web_ui)
        self._runner.start(users, spawn_rate=users)
        self._runner.spawning_greenlet.join()
        return clock.now() + _HEAD_START_S

    def dismiss(self) -> None:
        self._runner.quit()
        self.environment.events.quitting.fire(environment=self.environment, reverse=True)


def environment_for(scenario: Scenario) -> Environment:
    """Return Locust's environment with the users that the scenario declares."""
    return Environment(user_classes=user_classes(scenario), events=locust.events)


def users_of_part(classes: list[Any], users: int, part: int, parts: int) -> dict[str, int]:
    """Return how many users of each class one of several processes has: what Locust would give to each.

    :param users: of the whole run; every process has at least one
    """
    users = max(users, parts)
    # Its order of workers is that of their names, by the host before the first underscore.
    nodes = [WorkerNode(f"part_{number:05d}") for number in range(parts)]
    dispatcher = UsersDispatcher(worker_nodes=nodes, user_classes=classes)
    dispatcher.new_dispatch(target_user_count=users, spawn_rate=users)
    found: dict[str, int] = next(dispatcher)[nodes[part].id]
    return found


def user_classes(scenario: Scenario) -> list[Any]:
    """Return the Locust users that the scenario declares."""
    return [
        value
        for value in vars(scenario.module).values()
        if isinstance(value, type) and issubclass(value, SftpUser) and not value.abstract
    ]
