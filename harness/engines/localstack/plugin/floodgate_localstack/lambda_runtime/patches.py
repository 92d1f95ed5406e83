"""Patches of LocalStack's Lambda service. Imports LocalStack.

They serve the `floodgate` executor only: with another one LocalStack stays as it is.
"""

from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation import lambda_models, lambda_service, logs

from floodgate_localstack.lambda_runtime import assignment, environments_api, log_shipping, version_manager
from floodgate_localstack.lambda_runtime.executor import settings
from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch


def apply() -> None:
    """Apply the patches of this module."""
    if config.LAMBDA_RUNTIME_EXECUTOR != "floodgate":
        return
    settings()  # an unusable one is told at the start, not by the first invocation
    pool_environments()
    count_metrics_together()
    store_logs_together()
    keep_code_in_own_folder()
    environments_api.serve()


@named_patch("lambda-pool")
def pool_environments() -> None:
    """Assign environments through the bounded pool."""
    replace(lambda_service, "AssignmentService", assignment.PooledAssignmentService)


@named_patch("lambda-metrics")
def count_metrics_together() -> None:
    """Publish Invocations, Errors, Throttles and Duration once a second."""
    replace(lambda_service, "LambdaVersionManager", version_manager.PooledVersionManager)


@named_patch("lambda-logs")
def store_logs_together() -> None:
    """Store the logs of many invocations in one call, each event with its own time."""
    replace(logs.LogHandler, "run_log_loop", log_shipping.run_log_loop)


@named_patch("lambda-code-folder")
def keep_code_in_own_folder() -> None:
    """Unpack code below FLOODGATE_LAMBDA_DIR: two LocalStacks share the temporary folder."""

    def get_unzipped_code_location(code: lambda_models.S3Code) -> Path:
        return settings().folder.joinpath("code", code.s3_bucket, code.id, "code")

    replace(lambda_models.S3Code, "get_unzipped_code_location", get_unzipped_code_location)
