"""Ending everything that belongs to a stack, whoever started it and however far it came."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path

from harness.aws import ACCOUNT_MODE, client
from harness.deploy.record import DeploymentRecord
from harness.deploy.removal import Removal, find
from harness.engines import process
from harness.engines.base import Engine, Progress
from harness.engines.registry import attached
from harness.exceptions import (
    AwsError,
    EngineStartError,
    EnvironmentNotReadyError,
    StackLostError,
    UsageError,
)
from harness.stack import evidence, front_end, stand_ins
from harness.stack.in_account.known import remembered
from harness.stack.in_account.removal import ours, remove, telling_what_stays
from harness.stack.state import WATCHER_ROLE, StackState, known_names


def _in_silence(line: str) -> None:
    """Tell nobody: the default where nobody waits."""
    del line


def cloudformation_name(name: str) -> str:
    """Return the name that the stack's pipeline has in CloudFormation."""
    return f"floodgate-{name}"


def clear_for_good(state: StackState, progress: Progress = _in_silence) -> None:
    """Clear a stack, and forget its lock, too. The lock must be held, and released after this."""
    clear(state, progress)
    state.discard_lock()


def clear(state: StackState, progress: Progress = _in_silence) -> None:
    """Stop the stack's processes in the order of the flow, and delete its folder. The lock must be held.

    The watcher comes last: should this process be stopped half-way, it is the one that finishes the work.
    To leave an account takes minutes.

    :raises AwsError: an engine that goes on running, or an account, does not delete the pipeline
    :raises DeployError: its CloudFormation does not
    """
    stop_front(state)
    ownership = state.ownership()
    if ownership is not None:
        engine = attached(ownership.engine, state.folder)
        engine.stop()
    record = DeploymentRecord.read(state.deploy_dir)
    _leave_account(state, record, progress)
    _end(state, WATCHER_ROLE, grace_s=1.0)
    process.end_all(state.processes.read(), state.folder, grace_s=1.0)
    state.remove()
    # Last, because it can fail: of what is on this machine nothing stays then.
    if ownership is not None and record is not None and _is_elsewhere(engine):
        _delete_pipeline(record, engine, state, progress)


def stop_front(state: StackState) -> None:
    """Stop what takes files and what works on them, so that nothing new comes. The lock must be held."""
    _end(state, front_end.ROLE, grace_s=front_end.STOP_GRACE_S)
    _end(state, stand_ins.ROLE, grace_s=stand_ins.STOP_GRACE_S)


def sweep(progress: Progress) -> list[str]:
    """Clear the stacks whose owner is dead, and those that an `up` left half-made; return their names.

    Stacks that are being brought up or down at this moment are left alone.
    """
    return [name for name in known_names() if _sweep_one(StackState(name), progress)]


def _sweep_one(state: StackState, progress: Progress) -> bool:
    with state.locked_if_free() as held:
        try:
            if not (held and state.folder.exists() and state.is_stale()):
                return False
            if _is_for_its_owner_to_say(state, progress):
                return False
            progress(f"clearing what the dead stack {state.name!r} left")
            _save_for_its_run(state)
            clear_for_good(state, progress)
        except (EnvironmentNotReadyError, UsageError, AwsError, StackLostError) as exc:
            # Docker, or its package: another stack keeps nobody from starting an engine that needs neither.
            progress(f"the dead stack {state.name!r} cannot be cleared now: {exc.message}")
            return False
    return True


def _is_for_its_owner_to_say(state: StackState, progress: Progress) -> bool:
    """Tell whether a stack is in an account and was to be kept: nobody else deletes what it holds."""
    account, ownership = remembered(state.folder), state.ownership()
    if account is None or ownership is None or ownership.owner is not None:
        return False
    progress(f"the stack {state.name!r} in {account} is not whole, or was never finished; it may cost money")
    progress(f"remove it: floodgate down --name {state.name}")
    return True


def _leave_account(state: StackState, record: DeploymentRecord | None, progress: Progress) -> None:
    """Remove a stack from its account before its folder is forgotten, which alone knows of all of it.

    It is no longer up then: by what is half removed the watcher would settle its run, and find files lost.
    """
    account = remembered(state.folder)
    if account is None or record is None:
        return
    with telling_what_stays(account, record.stack_name, progress):
        found = ours(account, record)
        state.withdraw()
        remove(account, record.stack_name, record, found, progress)


def _is_elsewhere(engine: Engine) -> bool:
    """Tell whether the pipeline is on an engine that goes on running; accounts are left before."""
    return engine.outlives_stack and engine.mode != ACCOUNT_MODE


def _save_for_its_run(state: StackState) -> None:
    """Save the logs of a stack whose watcher died, too; a folder of the run that is gone wants nothing."""
    ownership = state.ownership()
    if ownership and ownership.bequest:
        with contextlib.suppress(OSError):
            evidence.fetch_engine_log(ownership.engine, state.folder)
            evidence.save(state.folder, Path(ownership.bequest.run_dir))


def _end(state: StackState, role: str, *, grace_s: float) -> None:
    """End a role's process. Its record stays until the folder goes, so that half a stack counts as broken."""
    records = [record for record in state.processes.read() if record.role == role]
    process.end_all(records, state.folder / role, grace_s=grace_s)


def _delete_pipeline(record: DeploymentRecord, engine: Engine, state: StackState, progress: Progress) -> None:
    """Delete the pipeline from an engine that goes on running; one that is gone has taken it along."""
    with contextlib.suppress(StackLostError, EngineStartError):
        info = engine.start(state.folder, progress)
        removal = Removal(partial(client, engine=info), progress)
        removal.remove_api_created(record)
        found = find(partial(client, engine=info), record.stack_name)
        # Another stack of that name is somebody else's, and may be why `up` failed.
        if found is not None and found.is_of(record):
            for left in removal.remove(found):
                progress(f"left, because the template retains it: {left}")
        removal.remove_artifacts(record.artifact_folder, info.account_id, info.region)
