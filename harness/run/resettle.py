"""`floodgate settle DIR`: the last word on a run that its own harness could not say, or a later one.

A run is settled from what its folder holds (ledger, list of uploads, record) and from its stack. Where the
stack is gone, nothing is claimed about files whose end nobody has written down: they are in flight. A run
that was settled with its stack is not settled again without it.
"""

from __future__ import annotations

import fcntl
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.clock import now, to_iso
from harness.engines.base import Progress
from harness.exceptions import AwsError, EnvironmentNotReadyError, StackLostError, UsageError
from harness.exit_codes import ExitCode
from harness.locks import exclusive
from harness.measure import engine_clock
from harness.measure.generator import COMPLETE, Generator
from harness.measure.ledger import PATTERN
from harness.measure.settle import SettleInputs, settle, settle_without_stack
from harness.measure.settlement import Settlement
from harness.measure.thresholds import parse_thresholds
from harness.report.rerender import rerender
from harness.report.summary import read_summary
from harness.report.write import write_reports
from harness.run.carried import Carried, carried_from
from harness.run.folder import RunFolder
from harness.run.judging import judge
from harness.run.options import RunOptions
from harness.run.record import RunEnd, RunRecord, read_record
from harness.run.result import RunIdentity, load_duration_s, report_inputs, run_facts
from harness.run.session import StackSession, described_in, still_up
from harness.stack.description import StackDescription

WRITERS_GRACE_S = 30.0
"""How long a generator whose harness died may take for the uploads that are under way."""
_POLL_S = 0.2


@dataclass(frozen=True)
class Settled:
    """What a run came to. `exit_code` is the one that the run itself would have ended with."""

    exit_code: ExitCode
    summary: dict[str, Any]
    folder: Path


def settle_folder(path: Path, *, stack: str | None = None, wait_s: float, progress: Progress) -> Settled:
    """Settle the run in `path` and write its report.

    :param stack: name of the stack that holds its files; the one that it ran on unless given
    :param wait_s: how long to wait at most for the last files
    :raises UsageError: not a run's folder, a run that is going on, or a stack that is not the run's
    :raises EnvironmentNotReadyError: the generator still writes
    :raises SettleError: the ledger is damaged, or there is none
    """
    folder = RunFolder(path.resolve())
    record = read_record(folder)
    if record.is_going_on:
        raise UsageError(
            f"the run {record.run_id} is still going on (process {record.harness.pid})",
            hint="it settles itself at its end",
        )
    _wait_for_writers(folder, progress)
    with exclusive(folder.settle_lock, on_wait=lambda: progress("waiting: another process settles this run")):
        return _settle_and_report(folder, record, stack, wait_s, progress)


def _settle_and_report(
    folder: RunFolder, record: RunRecord, stack: str | None, wait_s: float, progress: Progress
) -> Settled:
    carried = carried_from(folder)
    described = described_in(folder)
    session = _session(record, described, stack, progress)
    settlement, lost = _settle(folder, session, described, wait_s, progress)
    if not settlement.evidence_complete and carried is not None:
        return _as_before(folder, progress)
    settled = _conclude(folder, record, described, settlement, lost, carried)
    if session is not None:
        session.keep_evidence(folder)
        if settlement.evidence_complete:
            session.keep_handler_logs(folder, settlement, progress)
    return settled


def _session(
    record: RunRecord, described: StackDescription, asked: str | None, progress: Progress
) -> StackSession | None:
    """Return the stack of the run if it is up; raises `UsageError` for another one that was asked for."""
    name = asked or record.stack
    if (session := still_up(name, described)) is not None:
        return session
    if asked is not None:
        raise UsageError(
            f"the stack {asked!r} is not the one that the run {record.run_id} used",
            hint="leave out --name to settle from the run's folder alone",
        )
    progress(f"the stack {name!r} of the run is gone: settling from the run's folder alone")
    return None


def _wait_for_writers(folder: RunFolder, progress: Progress) -> None:
    """Return when no generator has its ledger open any more; it ends soon after its harness."""
    deadline = time.monotonic() + WRITERS_GRACE_S
    told = False
    while writing := [path for path in folder.ledger_dir.glob(PATTERN) if _is_written(path)]:
        if time.monotonic() > deadline:
            raise EnvironmentNotReadyError(
                f"the load generator still writes {writing[0]}", hint="wait for its end, or stop it"
            )
        if not told:
            progress("waiting for the load generator to finish its last uploads")
            told = True
        time.sleep(_POLL_S)


def _is_written(ledger: Path) -> bool:
    """Tell whether a process holds the lock that every writer of a ledger takes."""
    with ledger.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _settle(
    folder: RunFolder,
    session: StackSession | None,
    described: StackDescription,
    wait_s: float,
    progress: Progress,
) -> tuple[Settlement, str | None]:
    """Return the settlement, and what of the stack was missing for it."""
    if session is None:
        inputs = SettleInputs(described.engine, described, folder.ledger_dir, folder.uploads)
        return settle_without_stack(inputs), "the stack was gone before the run could be settled"
    running = session.description
    inputs = SettleInputs(running.engine, running, folder.ledger_dir, session.uploads_file)
    try:
        return settle(inputs, wait_s=wait_s, progress=progress), None
    except (StackLostError, AwsError) as error:
        return settle_without_stack(inputs), error.message


def _conclude(
    folder: RunFolder,
    record: RunRecord,
    described: StackDescription,
    settlement: Settlement,
    lost: str | None,
    carried: Carried | None,
) -> Settled:
    end = record.end or _end_by_ledger(settlement.generator)
    watched = carried or Carried()
    judged = judge(
        record.workload,
        parse_thresholds(record.workload.thresholds),
        settlement,
        replace(end, stack_lost=end.stack_lost or lost),
        watched.resources,
        watched.samples,
    )
    facts = run_facts(_identity(record, described), load_duration_s(settlement.records))
    inputs = report_inputs(
        replace(facts, provenance=record.provenance),
        settlement,
        judged,
        aws_calls_per_file=watched.aws_calls_per_file,
        faults=watched.faults,
        notes=[*record.notices, *_notes(carried, described)],
    )
    return Settled(judged.decision.exit_code, write_reports(folder.path, inputs), folder.path)


def _identity(record: RunRecord, described: StackDescription) -> RunIdentity:
    options = RunOptions(
        record.scenario, seed=record.seed, command=record.command, parameters=record.parameters
    )
    return RunIdentity(
        record.run_id, record.scenario, options, described, record.started_at, workload=record.workload
    )


def _end_by_ledger(generator: Generator) -> RunEnd:
    """Say how the load ended where the harness did not live to see it."""
    ends = {worker.ended for worker in generator.workers}
    if "ledger_failed" in ends:
        return RunEnd(generator_failure=(ExitCode.NOT_READY, "the load generator could not write its ledger"))
    return RunEnd(interrupted=not ends <= {COMPLETE, "web_ui"})


def _notes(carried: Carried | None, described: StackDescription) -> list[str]:
    told = [
        *engine_clock.notes(described.engine.endpoint_url),
        f"Settled by `floodgate settle` at {to_iso(now())}, after the run's own harness had ended.",
    ]
    if carried is None:
        told.append("What was sampled during the run (resources, calls, faults) went with its harness.")
    return told


def _as_before(folder: RunFolder, progress: Progress) -> Settled:
    progress("it was settled before, and nothing more can be learned: the report stays")
    rerender(folder.path)
    summary = read_summary(folder.path)
    return Settled(ExitCode(summary.get("exit_code", ExitCode.INTERNAL_ERROR)), summary, folder.path)
