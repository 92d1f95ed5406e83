"""`ledger/run.json`: what has to be known besides the ledger to settle a run that nobody is left to settle.

It is written before the first file is offered, and completed when the run has been judged. A folder whose
record says nothing of an end is of a run whose harness was killed, or stopped by a second Ctrl-C.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.engines.base import ProcessRecord
from harness.engines.process import is_running, record_of
from harness.exceptions import SettleError, UsageError
from harness.exit_codes import ExitCode
from harness.files import replace_json
from harness.load.workload import Workload
from harness.measure.verdict import Reason
from harness.run.folder import RunFolder

SCHEMA_VERSION = 1
INTACT_COPY = "settle again from an intact copy of the folder"


@dataclass(frozen=True)
class RunEnd:
    """How the load of a run ended, as its own harness saw it."""

    interrupted: bool = False
    stack_lost: str | None = None
    generator_failure: Reason | None = None


@dataclass(frozen=True)
class RunRecord:
    """A run as it was begun."""

    run_id: str
    scenario: str
    seed: int
    command: str
    parameters: Mapping[str, str]
    """Template parameters that the user gave."""
    started_at: float
    workload: Workload
    """The scenario's, with what the command line changed in it."""
    stack: str
    provenance: Mapping[str, Any]
    harness: ProcessRecord
    end: RunEnd | None = None
    notices: Sequence[str] = ()
    """What there is to know about the workload, such as rows of a trace that were left out."""

    @property
    def is_going_on(self) -> bool:
        """Its harness still runs."""
        return is_running(self.harness)

    def write(self, folder: RunFolder) -> None:
        """Write it, over an earlier one; raises `OSError`."""
        data = asdict(self) | {"workload": self.workload.model_dump(mode="json")}
        replace_json(folder.record, {"schema_version": SCHEMA_VERSION, **data})

    def ended(self, end: RunEnd) -> RunRecord:
        return replace(self, end=end)


def own_process() -> ProcessRecord:
    """Return the process that runs the run, for `RunRecord.harness`."""
    return record_of("harness", os.getpid())


def read_record(folder: RunFolder) -> RunRecord:
    """Read what `RunRecord.write` wrote.

    :raises UsageError: the folder is none of a run, or of a run before there were such records
    :raises SettleError: the record is damaged, or of another version
    """
    try:
        data = json.loads(folder.record.read_text(encoding="utf-8"))
        return _parsed(data)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise UsageError(
            f"{folder.path} is not the folder of a run that can be settled: it has no {_shown(folder)}",
            hint="name a folder that `floodgate run` wrote",
        ) from exc
    except (OSError, ValueError, TypeError, KeyError, ValidationError) as exc:
        raise SettleError(f"{folder.record} cannot be read: {exc}", hint=INTACT_COPY) from exc


def _shown(folder: RunFolder) -> Path:
    return folder.record.relative_to(folder.path)


def _parsed(data: dict[str, Any]) -> RunRecord:
    version = data.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"schema version {version}, but {SCHEMA_VERSION} is understood")
    return RunRecord(
        **{
            **data,
            "workload": Workload.model_validate(data["workload"]),
            "harness": ProcessRecord(**data["harness"]),
            "end": _end(data.get("end")),
            "notices": tuple(map(str, data.get("notices", ()))),
        }
    )


def _end(data: dict[str, Any] | None) -> RunEnd | None:
    if data is None:
        return None
    failure = data["generator_failure"]
    told = None if failure is None else (ExitCode(failure[0]), str(failure[1]))
    return RunEnd(bool(data["interrupted"]), data["stack_lost"], told)
