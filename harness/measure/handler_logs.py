"""What the pipeline's functions and state machines logged during a run, saved beside its report.

Logs live in the engine and go with it; `floodgate trace` reads them from the run's folder afterwards. The
copy is bounded: a run of a million files logs gigabytes. Of a run with more, the lines about the files that
its report names as examples of failures are saved besides the first ones.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from harness.aws import translated
from harness.exceptions import AwsError

FILE_NAME = "handler-logs.jsonl"
MAX_LINES = 50_000
MAX_SECONDS = 20.0
"""Reading logs is work for the engine, and somebody waits for the report."""
_SFTP_GROUP = "/aws/transfer/"
"""The SFTP server's log is in the run's folder anyhow."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of CloudWatch Logs. `at` is in seconds since the epoch, on the clock of who logged it."""

    at: float
    group: str
    stream: str
    message: str


class HandlerLogs:
    """Reads log groups through a boto3 CloudWatch Logs client.

    :param until: when to stop asking for more, by the monotonic clock
    """

    def __init__(self, client: Any, groups: Sequence[str], *, until: float = math.inf) -> None:
        self._client = client
        self._until = until
        self._groups = [group for group in groups if not group.startswith(_SFTP_GROUP)]

    def since(self, at: float) -> Iterator[LogLine]:
        """Yield all lines since then, group by group; raises `StackLostError` and `AwsError`."""
        for group in self._groups:
            yield from self._events(group, startTime=int(at * 1000))

    def about(self, word: str, at: float) -> Iterator[LogLine]:
        """Yield the lines since then that hold a word; raises as `since`."""
        for group in self._groups:
            yield from self._events(group, startTime=int(at * 1000), filterPattern=json.dumps(word))

    def _events(self, group: str, **asked: Any) -> Iterator[LogLine]:
        try:
            with translated(f"reading the log group {group}"):
                pages = self._client.get_paginator("filter_log_events").paginate(logGroupName=group, **asked)
                if self._is_over():
                    return
                for page in pages:
                    for event in page["events"]:
                        stream = event.get("logStreamName", "")
                        yield LogLine(event["timestamp"] / 1000, group, stream, event["message"].rstrip("\n"))
                    if self._is_over():
                        return
        except AwsError as exc:
            if exc.code != "ResourceNotFoundException":
                raise

    def _is_over(self) -> bool:
        return time.monotonic() >= self._until


def save(
    logs: HandlerLogs,
    run_dir: Path,
    since: float,
    examples: Iterable[str],
    *,
    max_lines: int = MAX_LINES,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Write the lines since then to the run's folder; return whether those are all that there are.

    :param examples: words to look for when there are more lines than are kept
    :raises StackLostError: the engine does not answer
    :raises AwsError: a log cannot be read
    :raises OSError: the file cannot be written
    """
    deadline = clock() + MAX_SECONDS
    first: dict[LogLine, None] = {}
    complete = True
    for line in logs.since(since):
        if len(first) == max_lines or clock() > deadline:
            complete = False
            break
        first[line] = None
    more = [] if complete else chain.from_iterable(logs.about(word, since) for word in examples)
    kept = sorted(dict.fromkeys(chain(first, more)), key=lambda line: line.at)
    with (run_dir / FILE_NAME).open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in kept)
        if not complete:
            file.write(json.dumps({"cut_off": True}) + "\n")
    return complete


def read(run_dir: Path) -> tuple[list[LogLine], bool]:
    """Return the saved lines, and whether those are all that there were; nothing without the file.

    A damaged line is left out, such as the last one of a harness that was killed while it wrote.
    """
    path = run_dir / FILE_NAME
    if not path.exists():
        return [], False
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = [_read_line(line) for line in file]
    found = [line for line in lines if line is not None]
    return found, len(found) == len(lines)


def _read_line(text: str) -> LogLine | None:
    try:
        return LogLine(**json.loads(text))
    except (ValueError, TypeError):
        return None
