"""What Transfer knows of a session, as texts of policies name it.

`${transfer:…}` is filled in by Transfer, in session policies only, before IAM sees them:
https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html
Condition keys and `${aws:…}` are IAM's:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from harness import clock
from harness.sftp.identity import User
from harness.sftp.policies.patterns import Values
from harness.sftp.policies.principals import Caller
from harness.sftp.policies.roles import RoleName

_SESSION_NAME_CHARS = 64
TRANSFER = Caller(frozenset({"Service:transfer.amazonaws.com"}))


@dataclass(frozen=True)
class Server:
    """The server that the user logged in to."""

    id: str
    region: str
    account_id: str


@dataclass(frozen=True)
class Login:
    """One session of a user."""

    user: User
    session_id: str
    source_ip: str
    server: Server
    began_at: float = field(default_factory=clock.now)
    """Seconds since the epoch."""

    @property
    def role_session_name(self) -> str:
        """As S3's notifications and logs show it."""
        return f"{self.user.name}.{self.session_id}@{self.server.id}"[:_SESSION_NAME_CHARS]


def of_transfer(user: User) -> Values:
    """Return the variables of a session policy.

    AWS's page shows values with a leading slash, by which its own example would match nothing: ours have
    none. For LOGICAL homes those of the home stay unfilled, so nothing matches.
    """
    values = {"transfer:username": user.name}
    if user.home_directory_type == "PATH":
        home = user.home_directory.removeprefix("/")
        bucket, _, folder = home.partition("/")
        values |= {
            "transfer:homedirectory": home,
            "transfer:homebucket": bucket,
            "transfer:homefolder": folder,
        }
    return values


def of_assuming(login: Login) -> Values:
    """Return the condition keys of Transfer's own call of `sts:AssumeRole`:
    https://docs.aws.amazon.com/transfer/latest/userguide/requirements-roles.html
    """
    server = login.server
    arn = f"arn:aws:transfer:{server.region}:{server.account_id}:user/{server.id}/{login.user.name}"
    return {"aws:sourcearn": arn, "aws:sourceaccount": server.account_id, **_of_time()}


def of_session(login: Login, role: RoleName, role_id: str) -> Values:
    """Return the condition keys of every call to S3 in this session.

    AWS does not say which address S3 sees, and it can hardly be the client's. Here it is the client's, so
    that policies on `aws:SourceIp` can be tried. The token is as old as the session, for policies that revoke
    sessions: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    """
    return {
        "aws:principalarn": role.arn,
        "aws:principalaccount": role.account_id,
        "aws:principaltype": "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:viaawsservice": "false",
        "aws:userid": f"{role_id}:{login.role_session_name}",
        "aws:tokenissuetime": clock.to_iso(login.began_at),
        "aws:sourceip": _plain_address(login.source_ip),
        "aws:securetransport": "true",
        "aws:requestedregion": login.server.region,
        "aws:resourceaccount": login.server.account_id,
        "s3:resourceaccount": login.server.account_id,
    }


def of_call(session: Values, prefix: str | None, delimiter: str | None, *, timed: bool) -> Values:
    """Return the condition keys of one call.

    :param timed: a policy asks for the time
    """
    if prefix is None and delimiter is None and not timed:
        return session
    own = {"s3:prefix": prefix, "s3:delimiter": delimiter}
    given = {name: value for name, value in own.items() if value is not None}
    return {**session, **given, **(_of_time() if timed else {})}


def caller_of(login: Login, role: RoleName, role_id: str) -> Caller:
    """Return the names by which bucket policies may call the session."""
    account = f"AWS:arn:{role.partition}:iam::{role.account_id}:root"
    session = f"assumed-role/{role.name}/{login.role_session_name}"
    return Caller(
        frozenset({f"AWS:arn:{role.partition}:sts::{role.account_id}:{session}"}),
        frozenset({f"AWS:{role.arn}", f"AWS:{role_id}"}),
        frozenset({account, f"AWS:{role.account_id}"}),
    )


def _of_time() -> Values:
    now = clock.now()
    return {"aws:currenttime": clock.to_iso(now), "aws:epochtime": str(int(now))}


def _plain_address(address: str) -> str:
    """An IPv4 client of a socket for both kinds looks like `::ffff:192.0.2.1`."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
