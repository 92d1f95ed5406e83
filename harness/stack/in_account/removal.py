"""Taking a stack out of an account, with a proof that nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from harness.aws import translated
from harness.deploy import artifacts, leftovers
from harness.deploy.account import change_set
from harness.deploy.account.proof import Proof, prove
from harness.deploy.account.transfer_servers import SERVER, created, delete_users, log_group
from harness.deploy.api_created import ROLE
from harness.deploy.record import TOKEN_TAG, DeploymentRecord, artifact_folder
from harness.deploy.removal import NOT_EXECUTED, FoundStack, Removal, find, resources_of
from harness.engines.aws.account import Account
from harness.engines.base import Progress
from harness.exceptions import AwsError, DeployError
from harness.stack import customer_role

_LOOK_AGAIN_S = 5.0
_LOOK_FOR_S = 60.0
"""Lists of AWS go on naming for a while what has just been deleted."""


def remove(
    account: Account,
    stack_name: str,
    record: DeploymentRecord | None,
    found: FoundStack | None,
    progress: Progress,
) -> Proof:
    """Remove everything of a stack and prove it.

    :param record: of this machine; None where another one made the stack
    :param found: the stack in CloudFormation, made by Floodgate; None where there is none any more
    :raises AwsError: AWS refuses a step
    :raises DeployError: CloudFormation could not delete the stack, or something is still there
    :raises StackLostError: AWS does not answer
    """
    removal = Removal(account.client, progress)
    if record is None and found is not None:
        record = _by_tags(stack_name, found)
    if found is not None:
        removal.wait_until_made(found)
    known = {each.physical_id for each in resources_of(account.client, found)} if found else set()
    logs = [log_group(server_id) for server_id in _servers(account, record, found)]
    if record is not None:
        removal.remove_api_created(record)
        known |= {made["name"] for made in record.api_created}
    if found is not None:
        # CloudFormation knows nothing of the users that came by the API, and a server with users stays.
        for server_id in _servers_of_stack(account, found):
            delete_users(account.client("transfer"), server_id)
        for left in removal.remove(found):
            progress(f"left, because the template retains it: {left}")
    for name in logs:
        leftovers.delete(account.client, "AWS::Logs::LogGroup", name)
    known |= set(logs)
    folders = _folders(stack_name, record, found)
    for folder in folders:
        removal.remove_artifacts(folder, account.account_id, account.region)
    replaced = record is not None and found is None and find(account.client, stack_name) is not None
    token = record.token if record is not None and replaced else None
    return _prove(account, stack_name, known, folders, progress, token)


def _by_tags(stack_name: str, found: FoundStack) -> DeploymentRecord | None:
    """Return what another machine has noted of a stack of its own, as far as the stack's tags tell."""
    token = found.tags.get(TOKEN_TAG)
    if token is None:
        return None
    role = {"type": ROLE, "name": customer_role.role_name(stack_name), "token": token}
    return DeploymentRecord(stack_name, token, (role,))


def prove_gone(account: Account, stack_name: str, progress: Progress) -> None:
    """Look for what is left of a stack that nobody knows any more.

    :raises DeployError: something is there
    """
    _prove(account, stack_name, (), (), progress)


def _servers(account: Account, record: DeploymentRecord | None, found: FoundStack | None) -> list[str]:
    """Return the ids of the stack's servers of Transfer Family, however they were made."""
    by_api = record is not None and any(made["type"] == SERVER for made in record.api_created)
    ids = [] if found is None else list(_servers_of_stack(account, found))
    if record is not None and by_api:
        with translated("listing the Transfer Family servers"):
            ids += created(account.client("transfer"), record.token)
    return ids


def _servers_of_stack(account: Account, found: FoundStack) -> Iterator[str]:
    for each in resources_of(account.client, found):
        if each.type == SERVER:
            yield each.physical_id.rpartition("/")[2]


def ours(account: Account, record: DeploymentRecord) -> FoundStack | None:
    """Return the stack in CloudFormation that a record of this machine is about, if it is there.

    :raises AwsError: AWS refuses to tell
    """
    found = find(account.client, record.stack_name)
    if found is None:
        return None
    if found.status == NOT_EXECUTED:
        is_ours = change_set.is_ours(account.client("cloudformation"), record.stack_name, record.change_set)
    else:
        is_ours = found.is_of(record)
    return found if is_ours else None


def is_of_another(account: Account, record: DeploymentRecord, found: FoundStack | None) -> bool:
    """Tell whether another deployment made a stack of Floodgate's that has the name of a record's.

    :raises AwsError: AWS refuses to tell
    """
    return found is not None and TOKEN_TAG in found.tags and ours(account, record) is None


@contextmanager
def telling_what_stays(account: Account, stack_name: str, progress: Progress) -> Iterator[None]:
    """When a removal is interrupted or fails, say what may still be there, and how to remove it."""
    try:
        yield
    except BaseException:
        name = stack_name.removeprefix("floodgate-")
        progress(f"NOT REMOVED, or not all of it: the stack {stack_name} in {account}")
        progress(f"remove it: floodgate down --engine aws --name {name}")
        raise


def _folders(stack_name: str, record: DeploymentRecord | None, found: FoundStack | None) -> list[str]:
    """Return the folders of the artifact bucket that are the stack's."""
    tokens = {record.token} if record else set()
    if found is not None and (token := found.tags.get(TOKEN_TAG)):
        tokens.add(token)
    return sorted(artifact_folder(stack_name, token) for token in tokens)


def _prove(
    account: Account,
    stack_name: str,
    known: Collection[str],
    folders: Collection[str],
    progress: Progress,
    token: str | None = None,
) -> Proof:
    """Look until nothing is named any more, or for as long as AWS's lists may lag behind.

    :param token: of the deployment, where the names are another's by now
    """
    progress(f"AWS: looking for anything that is left of {stack_name}")
    deadline = time.monotonic() + (_LOOK_FOR_S if account.is_aws_itself else 0)
    while True:
        proof = prove(
            account.client,
            stack_name,
            known=known,
            token=token,
            artifacts=_artifacts(account, folders),
            is_aws_itself=account.is_aws_itself,
        )
        if not proof.left or time.monotonic() >= deadline:
            break
        time.sleep(_LOOK_AGAIN_S)
    for line in proof.lines():
        progress(f"AWS: {line}")
    if proof.left:
        raise DeployError(
            f"{len(proof.left)} things of {stack_name} are still in {account}, see above",
            hint="run this again; what then stays must be deleted by hand. AWS's index of tags may name for "
            "hours what has gone; a stack of this name in another Region has roles and buckets like these",
        )
    return proof


def _artifacts(account: Account, folders: Collection[str]) -> Callable[[], list[str]]:
    bucket = artifacts.bucket_name(account.account_id, account.region)

    def keys() -> list[str]:
        found: list[str] = []
        try:
            with translated(f"listing {bucket}"):
                for folder in folders:
                    page = account.client("s3").list_object_versions(Bucket=bucket, Prefix=f"{folder}/")
                    found += [each["Key"] for each in page.get("Versions", ())]
        except AwsError as exc:
            if exc.code != "NoSuchBucket":
                raise
        return found

    return keys
