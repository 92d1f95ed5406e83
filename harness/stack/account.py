"""`floodgate down --engine aws`: removes a stack from an account, of which this machine need know nothing."""

from __future__ import annotations

from collections.abc import Callable

from harness.deploy.account.proof import Proof
from harness.deploy.record import STACK_TAG, DeploymentRecord
from harness.deploy.removal import NOT_EXECUTED, FoundStack, StackResource, find, resources_of
from harness.engines.aws import account
from harness.engines.aws.account import Account
from harness.engines.aws.allowed import require_allowed
from harness.engines.base import Progress
from harness.exceptions import EnvironmentNotReadyError, StackNotFoundError
from harness.stack.clearing import clear_for_good, cloudformation_name, stop_front
from harness.stack.in_account.known import forget, remembered
from harness.stack.in_account.removal import is_of_another, ours, prove_gone, remove, telling_what_stays
from harness.stack.state import StackState

Confirm = Callable[[str, FoundStack, list[StackResource]], bool]
"""Takes where the stack is, the stack, and its resources; returns whether to remove all of it."""


def is_in_account(name: str) -> bool:
    """Tell whether a stack of that name was made in an account, as far as this machine knows.

    :raises UsageError: not a valid name
    """
    return remembered(StackState(name).folder) is not None


def down(name: str, confirm: Confirm, progress: Progress) -> Proof | None:
    """Remove a stack from the account that the user's credentials are of; return the proof, None after a no.

    :raises UsageError: not a valid name
    :raises EnvironmentNotReadyError: no credentials, or those of another account, or of one that the user has
        not allowed, or Floodgate did not create the stack
    :raises StackNotFoundError: the account has no such stack nor what is left of one, and none is known here
    :raises AwsError: AWS refuses a step
    :raises DeployError: CloudFormation could not delete the stack, or something is still there
    """
    state = StackState(name)
    stack_name = cloudformation_name(state.name)
    where = remembered(state.folder)
    record = DeploymentRecord.read(state.deploy_dir) if where else None
    found_account = where or _allowed()
    stack = find(found_account.client, stack_name)
    if stack is None and where is None:
        prove_gone(found_account, stack_name, progress)
        raise StackNotFoundError(f"{found_account} has no CloudFormation stack {stack_name}")
    if record is not None and is_of_another(found_account, record, stack):
        progress(f"left alone: the stack {stack_name} in {found_account}, which another deployment has made")
        stack = None
    if stack is not None:
        _require_ours(found_account, stack, record)
        if not confirm(str(found_account), stack, resources_of(found_account.client, stack)):
            return None
    if where is None:
        return _remove(found_account, stack_name, None, stack, progress)
    with state.locked():
        stop_front(state)
        state.withdraw()
        proof = _remove(found_account, stack_name, record, stack, progress)
        forget(state.folder)
        clear_for_good(state, progress)
    return proof


def _allowed() -> Account:
    """Return the account of the credentials; what is there may be another's to delete."""
    found = account.connect()
    require_allowed(found)
    return found


def _remove(
    where: Account,
    stack_name: str,
    record: DeploymentRecord | None,
    stack: FoundStack | None,
    progress: Progress,
) -> Proof:
    with telling_what_stays(where, stack_name, progress):
        return remove(where, stack_name, record, stack, progress)


def _require_ours(where: Account, stack: FoundStack, record: DeploymentRecord | None) -> None:
    if stack.is_ours() or (record is not None and ours(where, record) is not None):
        return
    if stack.status == NOT_EXECUTED:
        raise EnvironmentNotReadyError(
            f"the stack {stack.name} ({where}) is empty, and nothing tells that Floodgate made it",
            hint=f"aws cloudformation delete-stack --stack-name {stack.name}",
        )
    raise EnvironmentNotReadyError(
        f"Floodgate did not create the stack {stack.name} ({where}), which has no tag {STACK_TAG}",
        hint="delete it with CloudFormation, or give it the tag if it is yours",
    )
