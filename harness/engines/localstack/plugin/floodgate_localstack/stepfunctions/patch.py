"""All patches of Step Functions. Imports LocalStack."""

from floodgate_localstack.stepfunctions import (
    children,
    executions,
    json_copies,
    parsing,
    status_events,
    tasks,
)


def apply() -> None:
    """Apply the patches of this folder."""
    for module in (parsing, json_copies, executions, children, tasks, status_events):
        module.apply()
