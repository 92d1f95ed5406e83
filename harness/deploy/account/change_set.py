"""Creates a CloudFormation stack by a change set: made, compared with what was confirmed, executed, awaited.

Until it is executed the stack is empty and costs nothing. Whatever goes wrong, the stack goes again, by
`OnStackFailure=DELETE` also where nobody is left to see to it:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.aws import translated
from harness.deploy import stack
from harness.deploy.removal import NOT_EXECUTED, POLL_OF_AWS_S
from harness.engines.base import Progress
from harness.exceptions import AwsError, DeployError, StackLostError

TIMEOUT_S = 2700.0
"""An SFTP server in a VPC alone takes AWS some minutes."""
_MADE = "CREATE_COMPLETE"
_BEING_MADE = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
_REASONS_SHOWN = 8


def create(
    cloudformation: Any,
    name: str,
    *,
    template_url: str,
    expected: Mapping[str, str],
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
    change_set: str,
    progress: Progress,
    poll_s: float = POLL_OF_AWS_S,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, str]:
    """Create the stack `name` and return its outputs once it is complete.

    :param template_url: where the template is, in S3
    :param expected: type by logical id of the resources that the user has confirmed
    :param change_set: its name, by which an empty stack is known as ours
    :raises DeployError: the change set is not what was confirmed, or the stack failed; with the reasons
    :raises AwsError: CloudFormation refuses the change set
    """
    progress(f"AWS: making the change set {change_set}")
    with translated(f"making a change set for the stack {name}"):
        made = cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE",
            OnStackFailure="DELETE",
            **stack.request(template_url, parameters, tags),
        )
        stack_id, change_set_id = made["StackId"], made["Id"]
        try:
            _wait_until_made(cloudformation, change_set_id, time.monotonic() + timeout_s, poll_s)
            _require_expected(list(_changes(cloudformation, change_set_id)), expected, progress)
        except BaseException:
            # AWS deletes no change set that is still being made: it goes with the deployment then.
            with contextlib.suppress(AwsError, StackLostError), translated("discarding the change set"):
                _discard(cloudformation, stack_id, change_set_id)
            raise
        cloudformation.execute_change_set(ChangeSetName=change_set_id)
        return stack.wait(
            cloudformation, stack_id, len(expected), progress, timeout_s=timeout_s, poll_s=poll_s
        )


def _wait_until_made(cloudformation: Any, change_set_id: str, deadline: float, poll_s: float) -> None:
    while time.monotonic() < deadline:
        found = cloudformation.describe_change_set(ChangeSetName=change_set_id)
        if found["Status"] == _MADE:
            return
        if found["Status"] not in _BEING_MADE:
            raise DeployError(
                f"the change set ended as {found['Status']}: {found.get('StatusReason', 'no reason given')}",
                hint="nothing was created; mend what it names",
            )
        time.sleep(poll_s)
    raise DeployError("the change set was not made in time", hint="nothing was created; run this again later")


def _changes(cloudformation: Any, change_set_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield action, logical id and type of each change, page by page."""
    token: dict[str, str] = {}
    while True:
        page = cloudformation.describe_change_set(ChangeSetName=change_set_id, **token)
        for each in page["Changes"]:
            change = each["ResourceChange"]
            yield change["Action"], change["LogicalResourceId"], change["ResourceType"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _require_expected(
    changes: list[tuple[str, str, str]], expected: Mapping[str, str], progress: Progress
) -> None:
    """Refuse a change set that does anything that the user has not been shown."""
    added = {logical_id: type_ for action, logical_id, type_ in changes if action == "Add"}
    others = [f"{action} {logical_id}" for action, logical_id, _ in changes if action != "Add"]
    surprises = others + [
        f"{logical_id} ({type_})" for logical_id, type_ in added.items() if expected.get(logical_id) != type_
    ]
    missing = [logical_id for logical_id in expected if logical_id not in added]
    if surprises or missing:
        raise DeployError(
            "the change set is not what was confirmed: "
            + "; ".join([*surprises, *(f"{name} is missing" for name in missing)][:_REASONS_SHOWN]),
            hint="nothing was created; this is a defect, or a macro of your template that adds resources",
        )
    counted = Counter(type_ for _, _, type_ in changes)
    told = ", ".join(f"{count} {type_.removeprefix('AWS::')}" for type_, count in counted.most_common())
    progress(f"AWS: the change set adds {len(changes)} resources, as confirmed: {told}")


def _discard(cloudformation: Any, stack_id: str, change_set_id: str) -> None:
    """Delete a change set that is not executed, and the empty stack that it made."""
    cloudformation.delete_change_set(ChangeSetName=change_set_id)
    found = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    if found and found[0]["StackStatus"] == NOT_EXECUTED:
        cloudformation.delete_stack(StackName=stack_id)


def is_ours(cloudformation: Any, stack_name: str, change_set: str) -> bool:
    """Tell whether an empty stack was made by a change set of that name.

    :raises AwsError: CloudFormation refuses to tell
    """
    try:
        with translated(f"looking for the change set {change_set}"):
            cloudformation.describe_change_set(ChangeSetName=change_set, StackName=stack_name)
    except AwsError as exc:
        if exc.code in ("ChangeSetNotFound", "ChangeSetNotFoundException", "ValidationError"):
            return False
        raise
    return True
