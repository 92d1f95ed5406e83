"""The pipelines that `benchmarks.routes` measures: the real one in each variant, and a small one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import routes_machines
from harness.aws import client
from harness.deploy.options import PipelineOptions
from harness.engines.base import EngineInfo, ProcessRecord
from harness.engines.localstack import settings
from harness.engines.localstack.host import LocalStackHost
from harness.stack import lifecycle
from harness.stack.state import StackState

OWN = {"own": "STANDARD", "own-express": "EXPRESS"}
"""The small pipeline, by the type of its child."""

VARIANTS: Mapping[str, PipelineOptions] = {
    "queued": PipelineOptions(),
    "queued-lean": PipelineOptions(recording="lean"),
    "direct": PipelineOptions(route="direct"),
    "nested": PipelineOptions(route="nested"),
    "nested-lean": PipelineOptions(route="nested", recording="lean"),
    "nested-express": PipelineOptions(route="nested", parameters={"ChildType": "express"}),
    "flat": PipelineOptions(route="nested", parameters={"WorkflowStyle": "flat"}),
    "mixed": PipelineOptions(route="nested", parameters={"WorkflowStyle": "mixed"}),
    "queued-nested": PipelineOptions(route="queued-nested"),
    "ecs": PipelineOptions(route="ecs"),
    "pipe": PipelineOptions(pipe=True),
    "fifo": PipelineOptions(fifo=True),
}

_STACK = "routes"
_IDLE_TIMEOUT_S = 90.0
_POLL_S = 0.25
_LONGEST_POLL_S = 1.5
_POLL_SHARE = 10
"""A look costs the engine work, and more with each row: so many times as long nobody looks."""
_FINAL = "#s IN (:transferred, :failed, :superseded)"
_FINAL_VALUES = {f":{status}": {"S": status} for status in ("transferred", "failed", "superseded")}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that is up. `processes`: the engine, and stand-ins where there are any."""

    engine: EngineInfo
    source_bucket: str
    table: str
    machines: list[str]
    processes: list[ProcessRecord]

    def wait_until_idle(self, files: int) -> dict[str, int]:
        """Wait until so many rows are final and no machine runs; return the number of rows by status.

        Raises SystemExit when nothing has moved for a while.
        """
        deadline, seen, looked = time.monotonic() + _IDLE_TIMEOUT_S, -1, time.monotonic()
        while (count := self._count_final()) < files or self._is_running():
            if count > seen:
                seen, deadline = count, time.monotonic() + _IDLE_TIMEOUT_S
            if time.monotonic() > deadline:
                raise SystemExit(f"{count} of {files} files are final, then nothing: {self.statuses()}")
            time.sleep(min(_LONGEST_POLL_S, max(_POLL_S, _POLL_SHARE * (time.monotonic() - looked))))
            looked = time.monotonic()
        return self.statuses()

    def statuses(self) -> dict[str, int]:
        """Return the number of rows by status."""
        counts: dict[str, int] = {}
        for page in self._scan(ProjectionExpression="#s"):
            for row in page["Items"]:
                counts[row["status"]["S"]] = counts.get(row["status"]["S"], 0) + 1
        return counts

    def _count_final(self) -> int:
        pages = self._scan(Select="COUNT", FilterExpression=_FINAL, ExpressionAttributeValues=_FINAL_VALUES)
        return sum(page["Count"] for page in pages)

    def _scan(self, **arguments: Any) -> Any:
        paginator = client("dynamodb", self.engine).get_paginator("scan")
        return paginator.paginate(
            TableName=self.table, ExpressionAttributeNames={"#s": "status"}, **arguments
        )

    def _is_running(self) -> bool:
        states = client("stepfunctions", self.engine)
        return any(
            states.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)[
                "executions"
            ]
            for machine in self.machines
        )


@contextmanager
def pipeline(variant: str, overrides: dict[str, str], progress: Progress) -> Iterator[Pipeline]:
    """Bring a pipeline up on an engine of its own, with `overrides` of the engine's variables; stop both."""
    original = settings.environment

    def environment(**arguments: Any) -> dict[str, str]:
        return original(**arguments) | overrides

    made = _own if variant in OWN else _real
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(settings, "environment", environment),
        patch.dict(os.environ, {"XDG_STATE_HOME": folder}),
        made(variant, Path(folder), progress) as running,
    ):
        yield running


@contextmanager
def _own(variant: str, folder: Path, progress: Progress) -> Iterator[Pipeline]:
    engine = LocalStackHost()
    try:
        info = engine.start(folder, progress)
        parent = routes_machines.create(info, child_type=OWN[variant])
        yield Pipeline(info, routes_machines.SOURCE, routes_machines.TABLE, [parent], engine.processes())
    finally:
        engine.stop()


@contextmanager
def _real(variant: str, _folder: Path, progress: Progress) -> Iterator[Pipeline]:
    try:
        stack = lifecycle.up(_STACK, pipeline=VARIANTS[variant], customers=1, progress=progress)
        roles = ("engine", "stand-ins")
        records = [record for record in StackState(_STACK).processes.read() if record.role in roles]
        machines = [
            stack.state_machines[name] for name in ("transfer_file", "parent") if name in stack.state_machines
        ]
        yield Pipeline(stack.engine, stack.buckets["source"], stack.table, machines, records)
    finally:
        lifecycle.down(_STACK, progress)
