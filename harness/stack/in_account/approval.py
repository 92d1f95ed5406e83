"""What is asked before anything is created in an account: where, what, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.aws import translated
from harness.cost.estimate import Estimate, Load, estimate, estimate_again
from harness.cost.per_file import Variant
from harness.cost.words import lines as cost_lines
from harness.deploy import PipelineOptions, Prepared, artifacts
from harness.deploy.removal import NOT_EXECUTED, find
from harness.engines.aws.account import Account
from harness.exceptions import AwsError, EnvironmentNotReadyError, UsageError
from harness.stack import customer_role
from harness.stack.clearing import cloudformation_name
from harness.stack.description import StackDescription
from harness.stack.in_account import concurrency, known
from harness.stack.sftp_options import TRANSFER, SftpOptions

PROFILE = "aws"
"""Set of template parameters that is made for accounts."""
_PARTITION = "aws"
_ENDPOINT = "SftpEndpoint"
_SERVER = "AWS::Transfer::Server"


@dataclass(frozen=True)
class Proposal:
    """What is going to be created, for the user to say yes or no to."""

    account: Account
    stack_name: str
    estimate: Estimate
    contents: tuple[str, ...] = ()
    """What is to be created, as sentences; nothing where the stack is there, and a run is asked for."""

    @property
    def is_new(self) -> bool:
        """Whether something is to be created."""
        return bool(self.contents)

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        yield f"{'Create' if self.is_new else 'Use'} the stack {self.stack_name} in {self.account}"
        if not self.account.is_aws_itself:
            yield (
                f"  {self.account.info.endpoint_url} is NOT AWS itself (AWS_ENDPOINT_URL): nothing there is "
                "billed by AWS; the estimate is what AWS would bill"
            )
        yield from (f"  {sentence}" for sentence in self.contents)
        yield from cost_lines(self.estimate, self.account.region)


Approve = Callable[[Proposal], bool]
"""Shows a proposal to the user; returns whether it may be done."""


def fitted(options: PipelineOptions, sftp: SftpOptions) -> PipelineOptions:
    """Return the options with a Transfer Family server if, and only if, one was asked for.

    A server costs more than all the rest; the harness's own does without.

    :raises UsageError: one was asked for, and refused by parameter
    """
    if sftp.endpoint == TRANSFER and options.parameters.get(_ENDPOINT) == "none":
        raise UsageError(
            f"--sftp-endpoint {TRANSFER} needs a server, and --parameter {_ENDPOINT}=none makes none",
            hint=f"leave one of them out, or choose {_ENDPOINT}=public",
        )
    if options.template is not None or _ENDPOINT in options.parameters:
        return options
    endpoint = "public" if sftp.endpoint == TRANSFER else "none"
    return replace(options, parameters={**options.parameters, _ENDPOINT: endpoint})


def propose(account: Account, stack_name: str, prepared: Prepared, load: Load | None) -> Proposal:
    """Return the proposal for a new stack.

    :raises EnvironmentNotReadyError: the account has a stack of that name, or the role of one; or the bucket
        for its code is another's; or it has too little concurrency; or its partition is not supported
    """
    _require_partition(account)
    _require_free(account, stack_name)
    _require_no_role(account, customer_role.role_name(stack_name))
    _require_own_bucket(account)
    contents = (
        f"{len(prepared.resources)} resources: {_by_service(prepared)}",
        f"route {prepared.options.route}, {_sftp(prepared)}",
        concurrency.require(account, prepared),
    )
    return Proposal(account, stack_name, _estimate(prepared, load), contents)


def propose_run(stack: StackDescription, folder: Path, load: Load | None) -> Proposal:
    """Return the proposal for a run on a stack that is there.

    :param folder: of the stack's state
    """
    hourly, unpriced = known.hourly_costs(folder)
    through_transfer = stack.options.get("sftp_endpoint") == TRANSFER
    variant = Variant(stack.route, stack.options["parameters"], through_transfer)
    costs = estimate_again(hourly, unpriced, variant, load)
    return Proposal(Account(stack.engine), cloudformation_name(stack.name), costs)


def require(proposal: Proposal, approve: Approve | None) -> None:
    """Ask.

    :raises UsageError: nobody can be asked, or the answer is no
    """
    if approve is None:
        raise UsageError(
            "something would be created in a real account, and nobody is there to be asked",
            hint="floodgate up or floodgate run ask on the terminal; --yes answers for you",
        )
    if not approve(proposal):
        raise UsageError("not confirmed: nothing was created")


def _estimate(prepared: Prepared, load: Load | None) -> Estimate:
    has_server = any(body["Type"] == _SERVER for body in prepared.resources.values())
    variant = Variant(prepared.options.route, prepared.parameters(), transfer=has_server)
    return estimate(prepared.resources, variant, load)


def _by_service(prepared: Prepared) -> str:
    counted = Counter(body["Type"].split("::")[1] for body in prepared.resources.values())
    return ", ".join(f"{count} {service}" for service, count in counted.most_common())


def _sftp(prepared: Prepared) -> str:
    if any(body["Type"] == _SERVER for body in prepared.resources.values()):
        return "SFTP by a Transfer Family server, which is billed by the hour as long as it exists"
    return "SFTP by the harness's own server on this machine (no Transfer Family server)"


def _require_partition(account: Account) -> None:
    """Roles and policies of the SFTP side have ARNs of the partition `aws`: others would refuse them late."""
    partition = account.client("cloudformation").meta.partition
    if partition != _PARTITION:
        raise EnvironmentNotReadyError(
            f"{account} is in the partition {partition}, of which Floodgate knows nothing",
            hint="choose a Region outside of China and AWS GovCloud (AWS_REGION)",
        )


def _require_free(account: Account, stack_name: str) -> None:
    found = find(account.client, stack_name)
    if found is None:
        return
    name = stack_name.removeprefix("floodgate-")
    if found.is_ours() or found.status == NOT_EXECUTED:
        hint = f"floodgate down --engine aws --name {name}, or choose another --name"
    else:
        hint = "choose another --name"
    raise EnvironmentNotReadyError(f"{account} has a stack {stack_name} already ({found.status})", hint=hint)


def _require_no_role(account: Account, name: str) -> None:
    """Roles are of all Regions: one of that name may be in use by a stack in another."""
    try:
        with translated(f"looking for the role {name}"):
            account.client("iam").get_role(RoleName=name)
    except AwsError as exc:
        if exc.code in ("NoSuchEntity", *customer_role.NO_IAM):
            return
        raise
    raise EnvironmentNotReadyError(
        f"{account} has a role {name} already, perhaps of a stack in another Region",
        hint="choose another --name, or delete the role if nothing needs it",
    )


def _require_own_bucket(account: Account) -> None:
    name = artifacts.bucket_name(account.account_id, account.region)
    try:
        with translated(f"looking for the bucket {name}"):
            account.client("s3").head_bucket(Bucket=name, **artifacts.owner(account.info))
    except AwsError as exc:
        if exc.code in ("404", "NoSuchBucket"):
            return
        if exc.code in ("403", "AccessDenied"):
            raise EnvironmentNotReadyError(
                f"the bucket {name}, where the code would go, is of another account, or you may not use it",
                hint="choose another Region, or have it deleted by its owner",
            ) from exc
        raise
