"""Bringing a stack up and down: engine, pipeline, SFTP front end, in the order of what needs what.

Every process is recorded in the state folder before the next step begins, so that a stack whose `up` was
killed at any moment can be cleared by whoever comes next.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from functools import partial

from harness.aws import ACCOUNT_MODE
from harness.cost.estimate import Load
from harness.deploy import Deployment, PipelineOptions, deploy, prepare
from harness.engines import disk
from harness.engines.aws.account import Account
from harness.engines.base import Engine, EngineInfo, Progress
from harness.engines.process import record_of
from harness.engines.registry import create
from harness.exceptions import DeployError, EnvironmentNotReadyError, StackNotFoundError, UsageError
from harness.files import log_tail
from harness.paths import stacks_dir
from harness.stack import front_end, keeper, stand_ins, warm_up
from harness.stack.clearing import clear, clear_for_good, cloudformation_name, sweep
from harness.stack.customers import Customer, create_customers, require_count
from harness.stack.description import SftpEndpoint, StackDescription
from harness.stack.front_end import FrontEnd
from harness.stack.in_account import approval, known, transfer_endpoint
from harness.stack.in_account.approval import Approve
from harness.stack.in_account.transfer_endpoint import TransferServer
from harness.stack.sftp_options import TRANSFER, SftpOptions
from harness.stack.state import Bequest, Ownership, StackState
from harness.stack.transfer_records import TransferRecords
from harness.stack.watch import start_watcher

_LOG_LINES_ON_DEPLOY_ERROR = 12


def up(
    name: str,
    *,
    engine: str = "localstack",
    pipeline: PipelineOptions = PipelineOptions(),  # noqa: B008  (immutable)
    customers: int = 20,
    sftp: SftpOptions = SftpOptions(),  # noqa: B008  (immutable)
    owner_pid: int | None = None,
    bequest: Bequest | None = None,
    port: int | None = None,
    stay: bool = False,
    approve: Approve | None = None,
    load: Load | None = None,
    progress: Progress,
) -> StackDescription:
    """Start a stack and return when it takes files.

    If anything fails, or on Ctrl-C, all that was started is stopped and removed before the error goes on.

    :param engine: as `--engine` takes it
    :param pipeline: which pipeline, and which of its variants
    :param customers: how many SFTP users to make
    :param sftp: how the SFTP side works
    :param owner_pid: process whose death ends the stack; None: it stays until `down`
    :param bequest: what remains to be done when that process dies
    :param port: where the engine listens; None takes a free port
    :param stay: this process keeps the stack, see `keeping`; it is the owner then
    :param approve: asks the user before anything is created in a real account
    :param load: what a run is going to offer, for the estimate of its costs
    :raises UsageError: name, engine, pipeline or number of customers is not valid; or no approval
    :raises EnvironmentNotReadyError: a stack of that name is up, or one of its subclasses for what failed
    """
    require_count(customers)
    sftp.validate()
    chosen = create(engine, port=port)
    state = StackState(name)
    if chosen.mode == ACCOUNT_MODE:
        pipeline = approval.fitted(pipeline, sftp)
    elif sftp.endpoint == TRANSFER:
        raise UsageError("--sftp-endpoint transfer is for a real account", hint="--engine aws")
    prepare(
        pipeline,
        chosen.capabilities(),
        profile=profile_for(chosen),
        stack_name=cloudformation_name(name),
    )
    if stay:
        owner_pid = os.getpid()
    owner = None if owner_pid is None else record_of("owner", owner_pid)
    ownership = Ownership(engine, owner, bequest)
    with disk.translated(stacks_dir()), _locked(state, progress):
        sweep(progress)
        _make_way(state, progress)
        try:
            ask = partial(_ask, state, chosen, pipeline, approve, load)
            return _bring_up(state, ownership, chosen, pipeline, customers, sftp, progress, ask, stay=stay)
        except BaseException:
            progress("stopping what was started")
            clear_for_good(state, progress)
            raise


def describe(name: str) -> StackDescription | None:
    """Return how to reach the stack; None unless it is up.

    :raises UsageError: not a valid name
    """
    return StackState(name).description()


def down(name: str, progress: Progress) -> bool:
    """Stop a stack and remove all that belongs to it; return whether there was one.

    :raises UsageError: not a valid name
    """
    state = StackState(name)
    with disk.translated(stacks_dir()), _locked(state, progress):
        existed = state.folder.exists()
        if existed:
            progress(f"stopping the stack {name!r}")
        clear_for_good(state, progress)
    return existed


def is_alive(name: str) -> list[str]:
    """Return the roles of the stack's processes that are dead; nothing when all run.

    :raises StackNotFoundError: no such stack is up
    """
    state = StackState(name)
    if state.description() is None:
        raise StackNotFoundError(
            f"no stack named {name!r} is up", hint=f"start it: floodgate up --name {name}"
        )
    return state.dead_roles()


def _locked(state: StackState, progress: Progress) -> AbstractContextManager[object]:
    return state.locked(
        on_wait=lambda: progress(f"waiting: another process changes the stack {state.name!r}")
    )


def _make_way(state: StackState, progress: Progress) -> None:
    """Make sure that nothing of that name is there. The lock is held, so an unfinished `up` is a dead one."""
    if not state.folder.exists():
        return
    was_in_account = known.remembered(state.folder) is not None and state.description() is not None
    if was_in_account or not state.is_stale():
        raise EnvironmentNotReadyError(
            f"a stack named {state.name!r} is already up",
            hint=f"floodgate down --name {state.name}, or choose another --name",
        )
    progress(f"clearing what the dead stack {state.name!r} left")
    clear(state)


def _bring_up(
    state: StackState,
    ownership: Ownership,
    engine: Engine,
    pipeline: PipelineOptions,
    customers: int,
    sftp_options: SftpOptions,
    progress: Progress,
    ask: Callable[[EngineInfo], None],
    *,
    stay: bool,
) -> StackDescription:
    state.create(ownership)
    if stay:
        keeper.begin(state.folder)
    if ownership.owner is not None:
        start_watcher(state)
    info = engine.start(state.folder, progress)
    ask(info)
    deployment = _deploy(state, engine, info, pipeline, progress)
    _start_stand_ins(state, info, deployment, progress)
    users = create_customers(customers, state.keys_dir)
    progress("SFTP: starting")
    if sftp_options.endpoint == TRANSFER:
        sftp, transfer = TransferServer(state, info, deployment, users, progress).start()
    else:
        sftp, transfer = _front_end(state, info, deployment, users, sftp_options).start(state)
    warm_up.wait(info, progress)
    described = _description(state, engine, info, pipeline, deployment, sftp, users, sftp_options)
    unlike = transfer_endpoint.DIFFERENCES if sftp_options.endpoint == TRANSFER else ()
    differs = [*described.differs_from_aws, *front_end.differences(transfer), *unlike]
    description = replace(described, transfer=transfer, differs_from_aws=differs)
    for note in front_end.differences(transfer):
        progress(f"SFTP: {note}")
    state.publish(description)
    progress(f"stack {state.name!r} is up")
    return description


def _ask(
    state: StackState,
    engine: Engine,
    pipeline: PipelineOptions,
    approve: Approve | None,
    load: Load | None,
    info: EngineInfo,
) -> None:
    """Ask before anything is created in a real account; other engines cost nothing."""
    if info.mode != ACCOUNT_MODE:
        return
    name, where = cloudformation_name(state.name), Account(info)
    prepared = prepare(
        pipeline, engine.capabilities(), profile=profile_for(engine), stack_name=name, engine=info
    )
    proposal = approval.propose(where, name, prepared, load)
    approval.require(proposal, approve)
    known.remember(state.folder, where, proposal.estimate)


def profile_for(engine: Engine) -> str:
    """Return the set of template parameters that is made for such an engine."""
    return approval.PROFILE if engine.mode == ACCOUNT_MODE else "local"


def _deploy(
    state: StackState, engine: Engine, info: EngineInfo, pipeline: PipelineOptions, progress: Progress
) -> Deployment:
    try:
        return deploy(
            info,
            engine.capabilities(),
            stack_name=cloudformation_name(state.name),
            options=pipeline,
            profile=profile_for(engine),
            work_dir=state.deploy_dir,
            progress=progress,
        )
    except DeployError as exc:
        log = engine.log_file()
        if log is None:
            raise
        tail = log_tail(log, _LOG_LINES_ON_DEPLOY_ERROR)
        raise DeployError(f"{exc.message}\nThe end of the engine's log:\n{tail}", hint=exc.hint) from exc


def _front_end(
    state: StackState,
    info: EngineInfo,
    deployment: Deployment,
    users: list[Customer],
    options: SftpOptions,
) -> FrontEnd:
    name, log_group = cloudformation_name(state.name), deployment.sftp_log_group or None
    records = TransferRecords(info, name, deployment.stand_ins, log_group)
    return FrontEnd(info, deployment.source_bucket, users, records, options)


def _start_stand_ins(state: StackState, info: EngineInfo, deployment: Deployment, progress: Progress) -> None:
    if stand_ins.are_needed(deployment.stand_ins):
        progress("Stand-ins: starting")
        code = {"bucket": deployment.parameters["CodeBucket"], "key": deployment.parameters["CodeKey"]}
        stand_ins.start(state, info, deployment.stand_ins, code)


def _description(
    state: StackState,
    engine: Engine,
    info: EngineInfo,
    pipeline: PipelineOptions,
    deployment: Deployment,
    sftp: SftpEndpoint,
    users: list[Customer],
    sftp_options: SftpOptions,
) -> StackDescription:
    return StackDescription(
        name=state.name,
        engine=info,
        route=pipeline.route,
        sftp=sftp,
        users=[customer.user for customer in users],
        buckets={"source": deployment.source_bucket, "destination": deployment.destination_bucket},
        table=deployment.table,
        queues=deployment.queues,
        functions=deployment.functions,
        state_machines=deployment.state_machines,
        log_groups=deployment.log_groups,
        template_sha256=deployment.template_sha256,
        handlers_sha256=deployment.handlers_sha256,
        options={**pipeline.to_json(), **sftp_options.to_json(), "parameters": deployment.parameters},
        outputs=deployment.outputs,
        stand_ins=[asdict(stand_in) for stand_in in deployment.stand_ins],
        differs_from_aws=[
            *engine.capabilities().differs_from_aws,
            *stand_ins.differences(deployment.stand_ins),
            *deployment.left_out,
        ],
    )
