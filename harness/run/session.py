"""The stack that a run works on: one that is already up, or one of its own that goes away afterwards."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import aws
from harness.aws import ACCOUNT_MODE
from harness.cost.estimate import Load
from harness.engines.base import Progress
from harness.exceptions import AwsError, EnvironmentNotReadyError, SettleError, StackLostError, UsageError
from harness.measure import handler_logs
from harness.measure.settlement import Settlement
from harness.paths import stacks_dir
from harness.run.folder import RunFolder
from harness.run.options import DEFAULT_ENGINE, RunOptions
from harness.run.record import INTACT_COPY
from harness.stack import evidence, lifecycle
from harness.stack.description import StackDescription
from harness.stack.in_account import approval
from harness.stack.state import Bequest

_SETTLE = (sys.executable, "-P", "-m", "harness.cli", "settle", "--settle-s", "10")


@dataclass(frozen=True)
class StackSession:
    """A stack in use by a run."""

    description: StackDescription
    state_dir: Path

    @property
    def uploads_file(self) -> Path:
        return self.state_dir / "uploads.jsonl"

    def describe_in(self, folder: RunFolder) -> None:
        """Keep the stack's description without its secret: report folders are shared."""
        described = self.description.to_json()
        del described["engine"]["secret_access_key"]
        folder.stack.write_text(json.dumps(described, indent=2))

    def keep_evidence(self, folder: RunFolder) -> None:
        """Save both of what follows, the more precious first. Raises `OSError`."""
        self.keep_uploads(folder)
        self.keep_logs(folder)

    def keep_uploads(self, folder: RunFolder) -> None:
        """Copy the SFTP server's list of uploads out of the stack's folder. Raises `OSError`."""
        evidence.save_uploads(self.state_dir, folder.path)

    def keep_logs(self, folder: RunFolder) -> None:
        """Copy the logs that the run's report refers to. Raises `OSError`."""
        evidence.fetch_engine_log(self.description.engine.label, self.state_dir)
        evidence.save_logs(self.state_dir, folder.path)

    def keep_handler_logs(self, folder: RunFolder, settlement: Settlement, progress: Progress) -> None:
        """Save what the handlers logged during the run; an engine that is gone has taken it along.

        :raises OSError: the run's folder cannot be written to
        """
        if not settlement.records:
            return
        began_at = min(record.intended_at for record in settlement.records)
        about = {example.ledger_id for failure in settlement.failures for example in failure.examples}
        examples = [r.file_id or r.key for r in settlement.records if r.ledger_id in about]
        groups = self.description.log_groups
        logs = handler_logs.HandlerLogs(aws.client("logs", self.description.engine), groups)
        try:
            handler_logs.save(logs, folder.path, began_at, examples)
        except (StackLostError, AwsError) as error:
            progress(f"the handlers' logs were not saved: {error.message}")


def described_in(folder: RunFolder) -> StackDescription:
    """Read what `describe_in` left; the engine's secret is empty.

    :raises UsageError: the folder has no such description
    :raises SettleError: the description is damaged
    """
    try:
        data = json.loads(folder.stack.read_text(encoding="utf-8"))
        data["engine"].setdefault("secret_access_key", "")
        return StackDescription.from_json(data)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise UsageError(
            f"{folder.path} is not the folder of a run", hint="name a folder that `floodgate run` wrote"
        ) from exc
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SettleError(f"{folder.stack} cannot be read: {exc}", hint=INTACT_COPY) from exc


def still_up(name: str, described: StackDescription) -> StackSession | None:
    """Return the stack `name` if it is the one described: a later one of that name knows nothing of the run.

    An engine of ours listens on a new port each time, and a server that is made anew has a new key.
    """
    running = lifecycle.describe(name)
    if running is None or _marks(running) != _marks(described):
        return None
    return StackSession(running, stacks_dir() / name)


def _marks(stack: StackDescription) -> tuple[Any, ...]:
    return stack.engine.endpoint_url, stack.buckets, stack.sftp.host_key_fingerprint


@contextmanager
def stack_for(
    options: RunOptions,
    run_id: str,
    customers: int,
    progress: Progress,
    folder: RunFolder | None = None,
    load: Load | None = None,
) -> Iterator[StackSession]:
    """Yield the stack of `options.name` when it is up, otherwise one that is stopped at the end.

    :param folder: where the watcher of a stack of its own settles the run, should this process be killed
    :param load: what is going to be offered, for the estimate of what that costs in a real account

    :raises UsageError: the stack that is up has another engine or pipeline than asked for
    :raises EnvironmentNotReadyError: a part of it is dead
    """
    name = options.name or "default"
    running = lifecycle.describe(name)
    if running is not None:
        _check_fits(options, running)
        _check_whole(name)
        if running.engine.mode == ACCOUNT_MODE:
            proposal = approval.propose_run(running, stacks_dir() / name, load)
            approval.require(proposal, options.approve)
        progress(f"using the stack {name!r} that is up")
        yield StackSession(running, stacks_dir() / name)
        return
    # Without a name of the user's the stack gets one of its own, so that two runs never share one.
    name = options.name or f"run-{run_id}"
    description = lifecycle.up(
        name,
        engine=options.engine or DEFAULT_ENGINE,
        pipeline=options.pipeline,
        customers=customers,
        sftp=options.sftp,
        owner_pid=os.getpid(),
        bequest=None if folder is None else Bequest(str(folder.path), [*_SETTLE, str(folder.path)]),
        approve=options.approve,
        load=load,
        progress=progress,
    )
    try:
        yield StackSession(description, stacks_dir() / name)
    finally:
        lifecycle.down(name, progress)


def _check_fits(options: RunOptions, running: StackDescription) -> None:
    """Refuse a stack that is up with something other than what was asked for; the rest is its own.

    :raises UsageError: names every difference
    """
    differences = [
        f"{what} is {_shown(found)}, not {_shown(asked)}"
        for what, asked, found in _asked_and_found(options, running)
        if asked not in (None, False, found)
    ]
    differences += [
        f"--{what} is for a new stack"
        for what in ("template", "handlers")
        if getattr(options, what) is not None
    ]
    if differences:
        raise UsageError(
            f"the stack {running.name!r} is up, and does not fit: {'; '.join(differences)}",
            hint=f"floodgate down --name {running.name}, or choose another --name",
        )


def _asked_and_found(options: RunOptions, running: StackDescription) -> Iterator[tuple[str, Any, Any]]:
    variant = running.options
    yield "its route", options.route, running.route
    if options.engine != running.engine.endpoint_url:
        yield "its engine", options.engine, running.engine.label
    yield "--fifo", options.fifo, variant.get("fifo", False)
    yield "--pipe", options.pipe, variant.get("pipe", False)
    yield "--partial-upload", options.partial_upload, variant.get("partial_upload")
    yield "--sftp-workers", options.sftp_workers, variant.get("sftp_workers")
    yield "--sftp-endpoint", options.sftp_endpoint, variant.get("sftp_endpoint")
    in_effect = variant.get("parameters", {})
    yield "--recording", options.recording, variant.get("recording") or in_effect.get("Recording")
    for name, asked in options.parameters.items():
        yield f"the parameter {name}", asked, in_effect.get(name)


def _shown(value: Any) -> str:
    return {True: "on", False: "off", None: "unknown"}.get(value, repr(value))


def _check_whole(name: str) -> None:
    if dead := lifecycle.is_alive(name):
        raise EnvironmentNotReadyError(
            f"the stack {name!r} is not whole: {' and '.join(dead)} no longer runs",
            hint=f"floodgate down --name {name}, then run again",
        )
