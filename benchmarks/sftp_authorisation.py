"""What one decision costs once the policies are read: `python -m benchmarks.sftp_authorisation [--calls N]`

CPU time of this process per call of `require`, as every SFTP operation makes it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

from harness.sftp.authorisation import AccessDeniedError, Authorisation, MappedAuthoriser
from harness.sftp.identity import User
from harness.sftp.policies.authoriser import IamAuthoriser
from harness.sftp.policies.variables import Server
from tests.unit.sftp.policies.sources import ALL_OF_S3, ROLE_ARN, MemorySource, role

SERVER = Server("s-0123456789abcdef0", "us-east-1", "000000000000")
HOME = "/bucket/home/alice"
SESSION_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::${transfer:HomeBucket}",
                "Condition": {"StringLike": {"s3:prefix": "${transfer:HomeFolder}/*"}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
                "Resource": "arn:aws:s3:::${transfer:HomeDirectory}/*",
            },
        ],
    }
)


def _long_policy() -> dict[str, Any]:
    """60 statements, of which the last allows; each has a condition and a wildcard in the middle."""
    condition = {"StringNotLike": {"aws:userid": "AROAX*"}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    statements = [
        {
            "Effect": effect,
            "Action": "s3:*Object",
            "Resource": f"arn:aws:s3:::other-{number}/*/in/*",
            "Condition": condition,
        }
        for number in range(30)
        for effect in ("Allow", "Deny")
    ]
    return {"Version": "2012-10-17", "Statement": [*statements, *ALL_OF_S3["Statement"]]}


def _sessions() -> dict[str, Authorisation]:
    def iam(policy: dict[str, Any], user: User) -> Authorisation:
        return IamAuthoriser(MemorySource({"transfer": role(policy)}), SERVER, ttl_s=3600.0).for_session(
            user, session_id="1", source_ip="192.0.2.7"
        )

    plain = User("alice", ROLE_ARN, home_directory=HOME)
    scoped = User("alice", ROLE_ARN, home_directory=HOME, policy=SESSION_POLICY)
    return {
        "mapped": MappedAuthoriser().for_session(plain, session_id="1", source_ip="192.0.2.7"),
        "role alone": iam(ALL_OF_S3, plain),
        "role and session policy": iam(ALL_OF_S3, scoped),
        "role of 61 statements, session policy": iam(_long_policy(), scoped),
    }


CALLS = {
    "put": ("s3:PutObject", "home/alice/in/file-0001.bin", None),
    "list": ("s3:ListBucket", "", "home/alice/in/"),
    "put, denied": ("s3:PutObject", "home/bob/in/file-0001.bin", None),
}


async def _measure(session: Authorisation, call: tuple[str, str, str | None], calls: int) -> float:
    """Return microseconds of CPU per call."""
    action, key, prefix = call
    delimiter = None if prefix is None else "/"
    for _ in range(100):
        await _ask(session, action, key, prefix, delimiter)
    started = time.process_time()
    for _ in range(calls):
        await _ask(session, action, key, prefix, delimiter)
    return (time.process_time() - started) / calls * 1e6


async def _ask(
    session: Authorisation, action: str, key: str, prefix: str | None, delimiter: str | None
) -> None:
    try:
        await session.require(action, "bucket", key, prefix=prefix, delimiter=delimiter)
    except AccessDeniedError:
        return


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=50_000)
    calls = parser.parse_args().calls
    print("us of CPU per decision".ljust(40), *(name.rjust(12) for name in CALLS))
    for name, session in _sessions().items():
        taken = [await _measure(session, call, calls) for call in CALLS.values()]
        print(name.ljust(40), *(f"{microseconds:12.1f}" for microseconds in taken))


if __name__ == "__main__":
    asyncio.run(main())
