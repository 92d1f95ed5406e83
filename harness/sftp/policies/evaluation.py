"""What all policies of one session say together:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html

1. An explicit `Deny` in any policy decides.
2. A bucket policy that names exactly this session allows by itself.
3. Else the role's policies must allow it, or a bucket policy must that names the role or everyone; and the
   permissions boundary, if there is one; and the session policy, if there is one. So a session policy or a
   boundary never widens anything, and neither does a bucket policy widen what they leave
   (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session).
4. Everything else is denied.

All resources are taken to be of the same account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from harness.sftp.policies.document import Policy, Statement
from harness.sftp.policies.patterns import Values
from harness.sftp.policies.principals import Caller

Concerns = Callable[[Statement], bool]


class Request(NamedTuple):
    """One call. `action` is in lower case; `context` holds condition keys and variables, in lower case."""

    action: str
    resource: str
    context: Values


@dataclass(frozen=True)
class PolicySet:
    """The policies that limit one session, besides those of buckets."""

    role: tuple[Policy, ...]
    boundary: Policy | None = None
    session: Policy | None = None

    @property
    def is_timed(self) -> bool:
        """A policy asks for the time of the call."""
        return any(policy.is_timed for policy in self._every)

    def allows(self, request: Request, caller: Caller, bucket: Policy | None = None) -> bool:
        """:param bucket: policy of the bucket that the resource is in"""
        for policy in self._every:
            if _denies(policy, request):
                return False
        if bucket is not None:
            if _bucket_denies(bucket, request, caller):
                return False
            if _allows(bucket, request, _names_caller(caller)):
                return True
        if not self._grants(request, caller, bucket):
            return False
        for limit in self._limits:  # noqa: SIM110  (as in `any_matches`)
            if not _allows(limit, request):
                return False
        return True

    @cached_property
    def _limits(self) -> tuple[Policy, ...]:
        return tuple(policy for policy in (self.boundary, self.session) if policy is not None)

    @cached_property
    def _every(self) -> tuple[Policy, ...]:
        return (*self.role, *self._limits)

    def _grants(self, request: Request, caller: Caller, bucket: Policy | None) -> bool:
        for policy in self.role:
            if _allows(policy, request):
                return True
        return bucket is not None and _allows(bucket, request, _names_identity(caller))


def is_allowed(policy: Policy, request: Request, caller: Caller) -> bool:
    """Tell what a policy with principals says by itself, such as a role's trust policy."""
    if _bucket_denies(policy, request, caller):
        return False
    names_caller, names_identity = _names_caller(caller), _names_identity(caller)
    return _allows(policy, request, lambda statement: names_caller(statement) or names_identity(statement))


def _denies(policy: Policy, request: Request) -> bool:
    for statement in policy.about(request.action):
        if statement.effect == "Allow":
            return False
        if statement.applies(request.resource, request.context):
            return True
    return False


def _bucket_denies(policy: Policy, request: Request, caller: Caller) -> bool:
    return any(
        statement.effect == "Deny"
        and statement.principals is not None
        and statement.principals.deny(caller)
        and statement.applies(request.resource, request.context)
        for statement in policy.about(request.action)
    )


def _allows(policy: Policy, request: Request, concerns: Concerns | None = None) -> bool:
    for statement in reversed(policy.about(request.action)):
        if statement.effect == "Deny":
            return False
        concerned = concerns is None or concerns(statement)
        if concerned and statement.applies(request.resource, request.context):
            return True
    return False


def _names_caller(caller: Caller) -> Concerns:
    return lambda statement: statement.principals is not None and statement.principals.name_caller(caller)


def _names_identity(caller: Caller) -> Concerns:
    return lambda statement: statement.principals is not None and statement.principals.name_identity(caller)
