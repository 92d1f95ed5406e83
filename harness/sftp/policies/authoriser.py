"""Authorisation by IAM: the user's role, scoped down by the session policy, as AWS evaluates them.

Nothing is read before the first operation, so a role that does not exist denies that and not the login.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.sftp.authorisation import (
    AccessDeniedError,
    Authorisation,
    Authoriser,
    MappedAuthoriser,
    PoliciesUnavailableError,
)
from harness.sftp.config import SftpConfig
from harness.sftp.identity import User
from harness.sftp.policies import variables
from harness.sftp.policies.cache import PolicyCache
from harness.sftp.policies.document import Policy, PolicyType, parse
from harness.sftp.policies.errors import (
    MalformedPolicyError,
    NoSuchRoleError,
    PolicyError,
    UnavailableError,
)
from harness.sftp.policies.evaluation import PolicySet, Request, is_allowed
from harness.sftp.policies.patterns import Values
from harness.sftp.policies.principals import Caller
from harness.sftp.policies.roles import (
    EnginePolicies,
    PolicySource,
    Role,
    RoleName,
    read_bucket_policy,
    read_role,
    role_name,
)
from harness.sftp.policies.variables import Login, Server

MAX_SESSION_POLICY_CHARS = 2048
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""


def authoriser_of(config: SftpConfig) -> Authoriser:
    """Return what the configuration asks for."""
    if config.authorisation == "mapped":
        return MappedAuthoriser()
    engine = config.engine
    server = Server(config.server_id, engine.region, engine.account_id)
    return IamAuthoriser(EnginePolicies(engine), server, ttl_s=config.policy_ttl_s)


class IamAuthoriser:
    """Shares roles and bucket policies among all sessions."""

    def __init__(
        self,
        source: PolicySource,
        server: Server,
        *,
        ttl_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._roles: PolicyCache[Role] = PolicyCache(lambda arn: read_role(source, arn), ttl_s=ttl_s, now=now)
        self._buckets: PolicyCache[BucketPolicy] = PolicyCache(
            lambda bucket: BucketPolicy(read_bucket_policy(source, bucket)), ttl_s=ttl_s, now=now
        )

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return IamAuthorisation(Login(user, session_id, source_ip, self._server), self._roles, self._buckets)


@dataclass(frozen=True)
class BucketPolicy:
    """A bucket's policy, or that it has none: either can be kept."""

    policy: Policy | None


@dataclass(frozen=True)
class _Assumed:
    """The session as it is since the role was read last."""

    role: Role
    policies: PolicySet
    is_timed: bool
    caller: Caller
    context: Values


class IamAuthorisation:
    """One session."""

    def __init__(self, login: Login, roles: PolicyCache[Role], buckets: PolicyCache[BucketPolicy]) -> None:
        self._login = login
        self._roles = roles
        self._buckets = buckets
        self._assumed: _Assumed | None = None

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        assumed = self._still_assumed() or await self._assume()
        found = self._buckets.peek(bucket)
        bucket_policy = found.policy if found is not None else await self._bucket_policy(bucket)
        resource = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        timed = assumed.is_timed or (bucket_policy is not None and bucket_policy.is_timed)
        context = variables.of_call(assumed.context, prefix, delimiter, timed=timed)
        request = Request(action.lower(), resource, context)
        if not assumed.policies.allows(request, assumed.caller, bucket_policy):
            raise AccessDeniedError

    def _still_assumed(self) -> _Assumed | None:
        role = self._roles.peek(self._login.user.role_arn)
        return self._assumed if self._assumed is not None and self._assumed.role is role else None

    async def _assume(self) -> _Assumed:
        """AWS's own words for what cannot be assumed; the reason behind them is ours."""
        arn = self._login.user.role_arn
        try:
            role = await self._roles.get(arn)
            if self._assumed is None or self._assumed.role is not role:
                self._assumed = _assume(self._login, role_name(arn), role)
        except UnavailableError as exc:
            raise PoliciesUnavailableError(f"the role cannot be read now: {exc}") from exc
        except PolicyError as exc:
            raise AccessDeniedError(f"Unable to AssumeRole for user: {exc}") from exc
        return self._assumed

    async def _bucket_policy(self, bucket: str) -> Policy | None:
        try:
            return (await self._buckets.get(bucket)).policy
        except UnavailableError as exc:
            raise PoliciesUnavailableError(f"the bucket's policy cannot be read now: {exc}") from exc
        except PolicyError as exc:
            raise AccessDeniedError(f"Access denied: {exc}") from exc


def _assume(login: Login, name: RoleName, role: Role) -> _Assumed:
    """:raises PolicyError: STS would not"""
    request = Request("sts:assumerole", name.arn, variables.of_assuming(login))
    if not is_allowed(role.trust, request, variables.TRANSFER):
        raise NoSuchRoleError(f"the trust policy of {name.arn} does not let transfer.amazonaws.com assume it")
    policies = PolicySet(role.policies, role.boundary, _session_policy(login.user))
    return _Assumed(
        role,
        policies,
        policies.is_timed,
        variables.caller_of(login, name, role.role_id),
        variables.of_session(login, name, role.role_id),
    )


def _session_policy(user: User) -> Policy | None:
    """An empty text is none: https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html"""
    if not user.policy:
        return None
    if len(user.policy) > MAX_SESSION_POLICY_CHARS:
        raise MalformedPolicyError(f"the session policy is longer than {MAX_SESSION_POLICY_CHARS} characters")
    try:
        return parse(user.policy, PolicyType.IDENTITY, filled=variables.of_transfer(user))
    except MalformedPolicyError as exc:
        raise MalformedPolicyError(f"the session policy is not valid: {exc}") from exc
