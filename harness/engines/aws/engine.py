"""The engine `aws`: nothing is started; it is asked who it is, and whether something may be made there."""

from __future__ import annotations

from pathlib import Path

from harness import aws
from harness.engines.aws.account import connect
from harness.engines.aws.allowed import require_allowed
from harness.engines.base import Capabilities, EngineInfo, ProcessRecord, Progress
from harness.engines.localstack.resource_types import RESOURCE_TYPES


class AwsAccount:
    """The account and Region that the user's credential chain leads to."""

    name = aws.ACCOUNT_MODE
    mode = aws.ACCOUNT_MODE
    outlives_stack = True

    def install(self, progress: Progress) -> None:
        """Do nothing: there is nothing to fetch."""

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Ask AWS which account it is, and the user's list whether it may be used. Creates nothing.

        :raises EnvironmentNotReadyError: no credentials, or an account that the user has not allowed
        :raises UsageError: the list is not right
        """
        del state_dir
        progress("AWS: asking for the account")
        account = connect()
        require_allowed(account)
        progress(f"AWS: {account}")
        return account.info

    def attach(self, state_dir: Path) -> None:
        """Do nothing: there is no process to take over."""

    def capabilities(self) -> Capabilities:
        """Return what AWS has, or where `AWS_ENDPOINT_URL` names something else, what LocalStack has."""
        endpoint_url = aws.configured_endpoint_url("cloudformation")
        if endpoint_url is None:
            return Capabilities()
        return Capabilities(
            resource_types=RESOURCE_TYPES,
            differs_from_aws=(f"{endpoint_url} stands in for AWS; how it differs from it is not known.",),
        )

    def processes(self) -> list[ProcessRecord]:
        """Return nothing: there are none on this machine."""
        return []

    def is_running(self) -> bool:
        """Return True: it is not ours to stop."""
        return True

    def log_file(self) -> Path | None:
        """Return None: the log groups of the pipeline are in the account."""
        return None

    def stop(self) -> None:
        """Do nothing."""
