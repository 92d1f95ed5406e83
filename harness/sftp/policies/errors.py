"""What can be wrong with policies. No operation is allowed by a policy that cannot be had.

PolicyError
├── MalformedPolicyError   the text is not JSON, or not a policy that IAM would take
├── NoSuchRoleError        there is no such role, or its trust policy does not let Transfer assume it
└── UnavailableError       IAM or S3 do not answer; the next operation asks again
"""

from __future__ import annotations


class PolicyError(Exception):
    """A policy that was asked for cannot be had."""


class MalformedPolicyError(PolicyError):
    """IAM would answer `MalformedPolicyDocument`."""


class NoSuchRoleError(PolicyError):
    """STS would not let Transfer assume the role."""


class UnavailableError(PolicyError):
    """IAM or S3 do not answer now."""
