"""Every error that Floodgate raises on purpose.

    FloodgateError                     exit code 1
    ├── UsageError                     exit code 2: arguments, configuration, scenario, threshold
    ├── EnvironmentNotReadyError       exit code 3: something on this machine is missing
    │   ├── InstallError               an engine environment could not be made
    │   ├── PortInUseError             a port that was asked for is taken
    │   ├── DiskFullError              no room in the state folder
    │   ├── EngineStartError           the engine did not become healthy
    │   ├── DeployError                the pipeline could not be deployed
    │   └── StackNotFoundError         no stack of that name is up
    ├── StackLostError                 exit code 6: a part of the stack died in mid-run
    ├── AwsError                       exit code 1: an AWS call failed, translated from botocore
    ├── IdentityProviderError          exit code 1: an identity provider gave no answer, or a wrong one
    ├── SettleError                    exit code 1: the evidence of a run could not be read
    └── ReportError                    exit code 1: a report could not be written, or would not have been true

Third-party errors are translated to these once, at the border, with `raise … from exc`. Each error carries
the text for the user and, where there is one, the step that mends it (`hint`).
"""

from __future__ import annotations

from typing import ClassVar

from harness.exit_codes import ExitCode


class FloodgateError(Exception):
    """Root of the tree.

    :param message: what happened, in words for the user
    :param hint: what the user can do about it
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL_ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(FloodgateError):
    """Bad arguments, configuration, scenario or threshold."""

    exit_code = ExitCode.USAGE


class EnvironmentNotReadyError(FloodgateError):
    """Something that this machine must have is missing."""

    exit_code = ExitCode.NOT_READY


class InstallError(EnvironmentNotReadyError):
    """An engine environment could not be made or repaired."""


class PortInUseError(EnvironmentNotReadyError):
    """A port that was asked for is taken by another process."""


class DiskFullError(EnvironmentNotReadyError):
    """There is no room left in the state folder."""


class EngineStartError(EnvironmentNotReadyError):
    """The engine did not become healthy."""


class DeployError(EnvironmentNotReadyError):
    """The pipeline's template could not be deployed."""


class StackNotFoundError(EnvironmentNotReadyError):
    """No stack of that name is up."""


class StackLostError(FloodgateError):
    """The engine or another part of the stack died in mid-run."""

    exit_code = ExitCode.STACK_LOST


class AwsError(FloodgateError):
    """An AWS call failed.

    :param code: AWS's error code, such as `NoSuchBucket`
    """

    def __init__(self, message: str, *, code: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class IdentityProviderError(FloodgateError):
    """An identity provider (function or HTTP service) gave no answer, or one that breaks its contract."""


class SettleError(FloodgateError):
    """The evidence of a run (ledger, table, buckets) could not be read."""


class ReportError(FloodgateError):
    """A report could not be written or read, or its numbers contradict each other."""
