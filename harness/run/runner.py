"""`floodgate run` from checked options to an exit code."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.clock import now
from harness.engines import disk
from harness.engines.base import Progress
from harness.exceptions import AwsError, EnvironmentNotReadyError, FloodgateError, StackLostError, UsageError
from harness.exit_codes import ExitCode, worst
from harness.measure.settle import SettleInputs, settle, settle_without_stack
from harness.measure.settlement import Settlement
from harness.measure.verdict import Reason
from harness.report.summary import SUMMARY_NAME
from harness.run import costs, memory
from harness.run.bucket_uploads import listed_uploads
from harness.run.engine_view import EngineView
from harness.run.folder import RunFolder, new_run_id
from harness.run.interrupts import Interrupts
from harness.run.judging import judge
from harness.run.live_state import LiveState
from harness.run.load_fleet import LoadFleet
from harness.run.offer import STOP_GRACE_S, Offer, offer_load
from harness.run.options import RunOptions
from harness.run.poison import require_refusal
from harness.run.progress import LiveLine
from harness.run.provenance import provenance
from harness.run.record import RunEnd, RunRecord, own_process
from harness.run.request import Request, requested
from harness.run.result import RunIdentity, inputs_of_run, load_duration_s
from harness.run.session import StackSession, stack_for
from harness.run.writing import room_wanted, write_run

INTERRUPTED_SETTLE_S = 10.0
"""After Ctrl-C nobody wants to wait long; what is not settled by then is reported as in flight."""
_GENERATOR_ERRORS: dict[ExitCode, type[FloodgateError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.NOT_READY: EnvironmentNotReadyError,
}


@dataclass(frozen=True)
class RunOutcome:
    """What a run left: its exit code, its summary, and the folder of its report."""

    exit_code: ExitCode
    summary: dict[str, Any]
    folder: Path
    written: bool = True
    """There was room for the report in the folder."""


def run_scenario(options: RunOptions, console: Console, progress: Progress) -> RunOutcome:
    """Do the whole run.

    :param console: for the live line
    :param progress: for the steps before and after the load
    :raises FloodgateError: the run could not be started, or its evidence could not be read
    """
    asked = requested(options)
    require_refusal(asked.options, asked.workload)
    run_id = new_run_id()
    folder = RunFolder.create(options.out or Path("reports") / run_id)
    for notice in asked.notices:
        progress(notice)
    run = _Run(asked, run_id, folder, console, progress)
    try:
        return run.execute()
    except BaseException:
        if not run.has_evidence:
            shutil.rmtree(folder.path, ignore_errors=True)
        raise


class _Patience:
    """How long the last files are waited for: `settle_s`, and less once the user wants to stop."""

    def __init__(self, interrupts: Interrupts, settle_s: float) -> None:
        self._interrupts = interrupts
        self._limit_s = min(settle_s, INTERRUPTED_SETTLE_S)
        self._since: float | None = None

    def is_over(self) -> bool:
        if not self._interrupts.seen:
            return False
        self._since = self._since or time.monotonic()
        return time.monotonic() - self._since > self._limit_s


class _Run:
    """One run; holds what its steps share."""

    def __init__(
        self,
        asked: Request,
        run_id: str,
        folder: RunFolder,
        console: Console,
        progress: Progress,
    ) -> None:
        self._options = asked.options
        self._scenario = asked.scenario
        self._workload = asked.workload
        self._thresholds = asked.thresholds
        self._notices = asked.notices
        self._expected = asked.load
        self._settle_s = asked.settle_s
        self._run_id = run_id
        self._folder = folder
        self._console = console
        self._progress = progress
        self.has_evidence = False

    def execute(self) -> RunOutcome:
        with (
            stack_for(
                self._options,
                self._run_id,
                self._workload.customers,
                self._progress,
                self._folder,
                self._expected,
            ) as session,
            self._left_behind(session),
        ):
            self._tell_of_memory(session)
            started_at = now()
            record = self._record(session, started_at)
            record.write(self._folder)
            offer, settlement, interrupted = self._load_and_settle(session)
            end = RunEnd(interrupted, offer.stack_lost, offer.generator_failure)
            with room_wanted(self._progress, f"how the run ended to {self._folder.record}"):
                record.ended(end).write(self._folder)
            identity = RunIdentity(
                self._run_id,
                self._scenario.name,
                self._options,
                session.description,
                started_at,
                [*self._notices, *self._costs(session, settlement)],
                self._workload,
            )
            judged = judge(
                self._workload, self._thresholds, settlement, end, offer.sampler.use, offer.samples()
            )
            with Interrupts(self._write_first) as late:
                inputs = inputs_of_run(identity, offer, settlement, judged)
                alive = not offer.engine_lost
                written = write_run(session, self._folder, inputs, self._progress, engine_answers=alive)
            if late.seen:
                raise KeyboardInterrupt
        code = judged.decision.exit_code
        if not written.whole:
            code = worst([code, ExitCode.NOT_READY])
        return RunOutcome(code, written.summary, self._folder.path, written.whole)

    def _tell_of_memory(self, session: StackSession) -> None:
        stack = session.description
        if told := memory.warning(stack.engine, stack.route, self._expected, memory.free_bytes()):
            self._progress(told)
            self._notices = (*self._notices, told)

    def _costs(self, session: StackSession, settlement: Settlement) -> Iterator[str]:
        duration_s = load_duration_s(settlement.records)
        return costs.notes(session.description, session.state_dir, settlement, duration_s)

    def _record(self, session: StackSession, started_at: float) -> RunRecord:
        return RunRecord(
            run_id=self._run_id,
            scenario=self._scenario.name,
            seed=self._options.seed,
            command=self._options.command,
            parameters=dict(self._options.parameters),
            started_at=started_at,
            workload=self._workload,
            stack=session.description.name,
            provenance=provenance(session.description, self._options.command),
            harness=own_process(),
            notices=self._notices,
        )

    @contextmanager
    def _left_behind(self, session: StackSession) -> Iterator[None]:
        """When the run ends without a report, save what is needed to settle it later, and say how."""
        try:
            yield
        except BaseException:
            if self.has_evidence and not (self._folder.path / SUMMARY_NAME).exists():
                with room_wanted(self._progress, f"all evidence to {self._folder.path}"):
                    session.keep_evidence(self._folder)
                self._progress(f"not settled; to do so later: floodgate settle {self._folder.path}")
            raise

    def _write_first(self) -> None:
        self._progress("the report is written first (Ctrl-C again stops at once)")

    def _load_and_settle(self, session: StackSession) -> tuple[Offer, Settlement, bool]:
        session.describe_in(self._folder)
        view = EngineView(session.description.engine, self._options.fault_rules(), self._options.seed)
        view.begin()
        try:
            with listed_uploads(session, self._folder.ledger_dir):
                return self._offer_and_settle(session, view)
        finally:
            view.end()

    def _offer_and_settle(self, session: StackSession, view: EngineView) -> tuple[Offer, Settlement, bool]:
        load = LoadFleet.start(
            self._load_config(session),
            self._options.load,
            self._folder.ledger_dir,
            self._folder.load_log,
            self._progress,
        )
        self.has_evidence = True

        def stop_early() -> None:
            load.ask_to_stop()
            self._progress("stopping early: running uploads may finish (Ctrl-C again stops at once)")

        try:
            self._progress(
                f"offering files to {session.description.sftp.host}:{session.description.sftp.port}"
            )
            wanted = self._options.load.web_port is not None
            state = LiveState(self._folder.ledger_dir, self._about(session), wanted=wanted)
            with Interrupts(stop_early) as interrupts, LiveLine(self._console, state.say) as live:
                offer = offer_load(
                    session, self._folder, load, view, live, lambda: interrupts.seen, state.watch
                )
                offer.generator_failure = self._explained(offer.generator_failure)
                try:
                    self._require_ledger(offer, interrupts)
                    settlement = self._settle(session, offer, live, interrupts)
                finally:
                    offer.stop_sampling()
                    state.end()
                return offer, settlement, interrupts.seen
        finally:
            load.kill()

    def _about(self, session: StackSession) -> dict[str, str]:
        """Return what a monitor tells this run from others by."""
        engine = session.description.engine
        return {
            "run": self._run_id,
            "scenario": self._scenario.name,
            "route": session.description.route,
            "engine": engine.label,
            "version": engine.version,
            "stack": session.description.name,
            "seed": str(self._options.seed),
        }

    def _explained(self, failure: Reason | None) -> Reason | None:
        """Name a full disk as the cause: the generator could not even write that down."""
        if failure is None or not disk.is_full(self._folder.path):
            return failure
        return ExitCode.NOT_READY, f"{failure[1]}; no room is left on the disk of {self._folder.path}"

    def _require_ledger(self, offer: Offer, interrupts: Interrupts) -> None:
        """Stopped before the generator wrote its first line: nothing was offered, and nothing is reported."""
        if any(self._folder.ledger_dir.glob("ledger-*.jsonl")):
            return
        self.has_evidence = False
        if interrupts.seen:
            raise KeyboardInterrupt
        if offer.generator_failure is not None:
            code, told = offer.generator_failure
            raise _GENERATOR_ERRORS.get(code, FloodgateError)(told)
        if offer.stack_lost is not None:
            raise StackLostError(f"{offer.stack_lost}, before the first file was offered")

    def _settle(
        self, session: StackSession, offer: Offer, live: LiveLine, interrupts: Interrupts
    ) -> Settlement:
        inputs = SettleInputs(
            session.description.engine,
            session.description,
            self._folder.ledger_dir,
            session.uploads_file,
            offer.follower,
        )
        if not offer.engine_lost:
            patience = _Patience(interrupts, self._settle_s)
            try:
                return settle(
                    inputs,
                    wait_s=self._settle_s,
                    progress=live.say,
                    give_up=patience.is_over,
                    on_quiet=offer.engine_view.take,
                )
            except (StackLostError, AwsError) as error:
                offer.stack_lost = "; ".join(filter(None, [offer.stack_lost, error.message]))
        return settle_without_stack(inputs)

    def _load_config(self, session: StackSession) -> dict[str, Any]:
        description = session.description
        sftp = description.sftp
        return {
            "run_id": self._run_id,
            "scenario": str(self._scenario.path),
            "seed": self._options.seed,
            "workload": self._workload.model_dump(mode="json"),
            "sftp": {
                "host": sftp.host,
                "port": sftp.port,
                "host_key_fingerprint": sftp.host_key_fingerprint,
            },
            "users": [
                {"name": user.name, "private_key_file": user.private_key_file, "home": user.home}
                for user in description.users
            ],
            "source_bucket": description.buckets["source"],
            "ledger_dir": str(self._folder.ledger_dir),
            "stop_grace_s": STOP_GRACE_S,
        }
