"""What the user asked for, checked before anything is started."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import faults
from harness.deploy.options import PipelineOptions
from harness.engines import registry
from harness.exceptions import UsageError
from harness.faults import FaultRule
from harness.run.load_options import LoadOptions
from harness.stack.in_account.approval import Approve
from harness.stack.sftp_options import SftpOptions

DEFAULT_ENGINE = "localstack"
DEFAULT_ROUTE = "queued"


@dataclass(frozen=True)
class RunOptions:
    """Arguments of `floodgate run`; what is not given is the scenario's or the running stack's choice."""

    scenario: str
    engine: str | None = None
    route: str | None = None
    minutes: float | None = None
    files: int | None = None
    rate: float | None = None
    seed: int = 1
    out: Path | None = None
    name: str | None = None
    settle_s: float | None = None
    command: str = ""
    fifo: bool = False
    pipe: bool = False
    recording: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    template: Path | None = None
    handlers: Path | None = None
    fault_texts: Sequence[str] = ()
    threshold_texts: Sequence[str] = ()
    settings: Sequence[str] = ()
    """Fields of the workload, as `name=value`."""
    partial_upload: str | None = None
    sftp_workers: int | None = None
    sftp_endpoint: str | None = None
    approve: Approve | None = None
    """Asks the user before anything is created in a real account, or billed there."""
    load: LoadOptions = field(default_factory=LoadOptions)

    @property
    def pipeline(self) -> PipelineOptions:
        """The pipeline of a stack that this run starts."""
        return PipelineOptions(
            route=self.route or DEFAULT_ROUTE,
            fifo=self.fifo,
            pipe=self.pipe,
            recording=self.recording,
            parameters=self.parameters,
            template=self.template,
            handlers=self.handlers,
        )

    @property
    def sftp(self) -> SftpOptions:
        """The SFTP side of a stack that this run starts."""
        return SftpOptions.chosen(self.partial_upload, self.sftp_workers, endpoint=self.sftp_endpoint)

    def fault_rules(self) -> list[FaultRule]:
        """Return what the engine is to be told; raises `UsageError` for what is no fault."""
        return faults.parse(self.fault_texts)

    def validate(self) -> None:
        """Raise `UsageError` that names every problem at once."""
        problems = [
            f"{option} must be a positive number, not {value}"
            for option, value in (("--minutes", self.minutes), ("--files", self.files), ("--rate", self.rate))
            if value is not None and not (math.isfinite(value) and value > 0)
        ]
        if self.settle_s is not None and not (math.isfinite(self.settle_s) and self.settle_s >= 0):
            problems.append(f"--settle-s must be zero or a positive number, not {self.settle_s}")
        if self.minutes is not None and self.files is not None:
            problems.append("--minutes and --files exclude each other")
        if self.seed < 0:
            problems.append(f"--seed must not be negative, not {self.seed}")
        if self.out is not None and self.out.exists():
            problems.append(f"--out {self.out} exists already; name a new folder")
        problems += self.load.problems()
        for check in (self.pipeline.validate, self.sftp.validate, self.fault_rules):
            try:
                check()
            except UsageError as error:
                problems.append(error.message)
        if problems:
            raise UsageError("; ".join(problems))
        registry.create(self.engine or DEFAULT_ENGINE)
        faults.require_possible(self.engine or DEFAULT_ENGINE, self.fault_rules())
