"""How LocalStack behaves differently from AWS in what the pipeline uses, each item tried on 4.9.2."""

from __future__ import annotations

DIFFERS_FROM_AWS = (
    "Lambda functions run as processes of this machine, not in micro-VMs; memory limits are not enforced.",
    "DynamoDB is moto's in-memory table, not DynamoDB.",
    "IAM policies and bucket policies are not enforced.",
    "The time of an S3 event has one-second resolution.",
    "A rule target's dead-letter queue is ignored.",
    "A metric filter counts every event; metrics in embedded format make no metric.",
    "SQS alarms fire up to a minute late.",
    "A message that is moved back from a dead-letter queue keeps its receive count.",
    "Deleting a CloudFormation stack deletes buckets that still hold objects.",
)
"""Sentences for the report."""
