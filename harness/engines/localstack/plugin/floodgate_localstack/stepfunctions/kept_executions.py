"""Which ended executions are kept. Imports nothing of LocalStack, so that it can be tested without it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

Refusal = Callable[[str], Exception]


class GeneratedName(str):
    """A name that nobody chose and nobody can choose again, so that it need not be remembered."""

    __slots__ = ()


class DroppedExecution:
    """Stands for an execution of which nothing but its name is known: whoever asks for it is refused."""

    exec_status = "SUCCEEDED"
    sm_type = "STANDARD"
    name = None
    input_data = None

    def __init__(self, arn: str, refusal: Refusal) -> None:
        self.exec_arn = arn
        self._refusal = refusal

    def __getattr__(self, name: str) -> Any:
        raise self._refusal(self.exec_arn)


class Executions(dict[str, Any]):
    """The executions of an account and Region by their ARN, at most `kept` that have ended, of each kind.

    Kinds are those that have succeeded and those that have not. The oldest are dropped; the names among them
    that somebody chose are remembered as 8 bytes each and stay taken.

    :param refusal: makes the error for a call about a dropped execution
    """

    def __init__(self, kept: int, refusal: Refusal) -> None:
        super().__init__()
        self._kept = kept
        self._refusal = refusal
        self._ended: dict[bool, deque[str]] = {True: deque(), False: deque()}
        self._dropped: set[int] = set()
        self._lock = threading.Lock()

    def get(self, arn: str, default: Any = None) -> Any:
        """Return the execution, or what refuses all questions where it was dropped."""
        found = super().get(arn)
        if found is None and self._dropped and hash(arn) in self._dropped:
            return DroppedExecution(arn, self._refusal)
        return default if found is None else found

    def values(self) -> Any:
        """Return those of this moment: executions come and go while somebody lists them."""
        return list(super().values())

    def has_ended(self, arn: str, *, succeeded: bool) -> None:
        """Count an execution as ended, and drop the oldest of its kind where there are too many."""
        with self._lock:
            ended = self._ended[succeeded]
            ended.append(arn)
            surplus = [ended.popleft() for _ in range(len(ended) - self._kept)]
        for each in surplus:
            self.drop(each)

    def drop(self, arn: str) -> None:
        """Forget all of an execution but the name that somebody chose."""
        execution = self.pop(arn, None)
        if execution is not None and not isinstance(execution.name, GeneratedName):
            self._dropped.add(hash(arn))
