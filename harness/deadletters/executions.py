"""Executions that failed: on routes without a queue they are what dead letters are elsewhere."""

from __future__ import annotations

from harness import aws
from harness.measure.executions import FAILED_STATUSES, ExecutionReader
from harness.stack.description import StackDescription


def failed_counts(description: StackDescription) -> dict[str, int]:
    """Return how many executions failed, by role of the state machine.

    :raises StackLostError: the engine does not answer
    :raises AwsError: executions cannot be listed
    """
    reader = ExecutionReader(aws.client("stepfunctions", description.engine), description.state_machines)
    counts = reader.counts(since=0.0)
    return {role: sum(found[status] for status in FAILED_STATUSES) for role, found in counts.items()}


def hint(description: StackDescription, arn: str) -> str:
    """Say how they are listed and started again.

    RedriveExecution goes on from the state that failed, and the pipeline then takes the failed row up again
    (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html); LocalStack lacks it.
    """
    aws_cli = f"aws --endpoint-url {description.engine.endpoint_url} stepfunctions"
    return (
        f"List them: {aws_cli} list-executions --status-filter FAILED --state-machine-arn {arn}; "
        f"start one again (on AWS; LocalStack cannot): {aws_cli} redrive-execution --execution-arn ARN"
    )
