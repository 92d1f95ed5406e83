"""How LocalStack behaves differently from AWS in what the pipeline uses, each item tried on 4.9.2."""

from __future__ import annotations

DIFFERS_FROM_AWS = (
    "Lambda functions run as processes of this machine, not in micro-VMs; memory limits are not enforced.",
    "Each function has two warm environments before its first invocation; on AWS the first ones are cold.",
    "DynamoDB is moto's in-memory table, not DynamoDB.",
    "IAM policies and bucket policies are not enforced.",
    "The time of an S3 event has one-second resolution.",
    "Anyone may put events of source `aws.*` and metrics of a namespace `AWS/*`; AWS refuses both.",
    "Alarms are evaluated every ten seconds, not once a minute; of metric math in alarms only sums are.",
    "Log filter patterns in brackets and with regular expressions match nothing.",
    "Deleting a CloudFormation stack deletes buckets that still hold objects.",
    "Of executions that have ended only the last 5,000 that succeeded can be described, and 5,000 others.",
)
"""Sentences for the report."""
