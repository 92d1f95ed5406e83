"""The registry of all patches of LocalStack, applied once when it starts.

To add one: write a module with an `apply()` that calls functions made with `versions.named_patch`, and list
the module here. Order matters only where a module says so.
"""

from importlib import import_module

from localstack.runtime import hooks

PATCH_MODULES: tuple[str, ...] = (
    "floodgate_localstack.lambda_runtime.patches",
    "floodgate_localstack.cloudformation_tables",
    "floodgate_localstack.cloudformation_functions",
    "floodgate_localstack.cloudformation_alarms",
    "floodgate_localstack.cloudformation_polling",
    "floodgate_localstack.cloudformation_status",
    "floodgate_localstack.s3_events",
    "floodgate_localstack.s3_temporary_files",
    "floodgate_localstack.s3_listing",
    "floodgate_localstack.sqs_mapping.patch",
    "floodgate_localstack.sqs_mapping.limits",
    "floodgate_localstack.s3_conditional_copy",
    "floodgate_localstack.event_path",
    "floodgate_localstack.sqs_metrics",
    "floodgate_localstack.request_log",
    "floodgate_localstack.stepfunctions.patch",
    "floodgate_localstack.call_counts",
    "floodgate_localstack.faults.api",
    "floodgate_localstack.sqs_fifo",
    "floodgate_localstack.event_delivery.patch",
    "floodgate_localstack.logs.patch",
    "floodgate_localstack.alarms",
    "floodgate_localstack.live.api",
    "floodgate_localstack.resources",
)


@hooks.on_infra_start()
def apply_patches() -> None:
    """Apply every registered patch. An error in one stops LocalStack: half-patched is worse than down."""
    for name in PATCH_MODULES:
        import_module(name).apply()
