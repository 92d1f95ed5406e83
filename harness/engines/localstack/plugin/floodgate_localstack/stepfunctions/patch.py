"""All patches of Step Functions. Imports LocalStack."""

from floodgate_localstack.stepfunctions import (
    children,
    errors,
    executions,
    json_copies,
    logs,
    metrics,
    parsing,
    retention,
    status_events,
    tasks,
)


def apply() -> None:
    """Apply the patches of this folder. Later ones wrap what earlier ones have put in place."""
    for module in (parsing, json_copies, executions, retention, children, tasks, status_events, metrics):
        module.apply()
    for module in (logs, errors):
        module.apply()
