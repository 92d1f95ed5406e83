"""`floodgate down --engine aws`: removes a stack from an account, of which this machine need know nothing."""

from __future__ import annotations

from collections.abc import Callable

from harness.deploy.record import STACK_TAG, TOKEN_TAG, artifact_folder
from harness.deploy.removal import FoundStack, Removal, StackResource, find, resources_of
from harness.engines.aws import account
from harness.engines.base import Progress
from harness.exceptions import EnvironmentNotReadyError, StackNotFoundError
from harness.stack.clearing import cloudformation_name
from harness.stack.state import StackState

Confirm = Callable[[str, FoundStack, list[StackResource]], bool]
"""Takes where the stack is, the stack, and its resources; returns whether to remove all of it."""


def down(name: str, confirm: Confirm, progress: Progress) -> bool:
    """Remove a stack from the account that the user's credentials are of; return whether that was done.

    :raises UsageError: not a valid name
    :raises EnvironmentNotReadyError: no credentials, or Floodgate did not create the stack
    :raises StackNotFoundError: the account has no such stack
    :raises AwsError: AWS refuses a step
    :raises DeployError: CloudFormation could not delete the stack
    """
    stack_name = cloudformation_name(StackState(name).name)
    found_account = account.connect()
    stack = find(found_account.client, stack_name)
    if stack is None:
        raise StackNotFoundError(f"{found_account} has no CloudFormation stack {stack_name}")
    _require_ours(stack, str(found_account))
    if not confirm(str(found_account), stack, resources_of(found_account.client, stack)):
        return False
    removal = Removal(found_account.client, progress)
    for left in removal.remove(stack):
        progress(f"left, because the template retains it: {left}")
    if token := stack.tags.get(TOKEN_TAG):
        folder = artifact_folder(stack_name, token)
        removal.remove_artifacts(folder, found_account.account_id, found_account.region)
    return True


def _require_ours(stack: FoundStack, where: str) -> None:
    if not stack.is_ours():
        raise EnvironmentNotReadyError(
            f"Floodgate did not create the stack {stack.name} ({where}), which has no tag {STACK_TAG}",
            hint="delete it with CloudFormation, or give it the tag if it is yours",
        )
