"""When policies are read again: roles that change, revoked sessions, and an IAM that does not answer."""

from __future__ import annotations

import asyncio
import re

import pytest

from harness import clock
from harness.sftp.authorisation import AccessDeniedError, PoliciesUnavailableError
from harness.sftp.policies.authoriser import IamAuthoriser
from harness.sftp.policies.errors import UnavailableError
from harness.sftp.policies.roles import RoleDocuments
from tests.unit.sftp.policies.sessions import NOTHING, SERVER, Clock, statement, user
from tests.unit.sftp.policies.sources import ALL_OF_S3, MemorySource, role

pytestmark = pytest.mark.unit


class SilentIam(MemorySource):
    """Does not answer while `silent`."""

    silent = True

    def role(self, name: str) -> RoleDocuments:
        if self.silent:
            raise UnavailableError("the engine does not answer")
        return super().role(name)


def test_revoked_sessions_end_and_newer_ones_begin() -> None:
    """The policy that IAM's console attaches to revoke sessions. An old one stays old."""
    source, now = MemorySource({"transfer": role(ALL_OF_S3)}), Clock()
    authoriser = IamAuthoriser(source, SERVER, ttl_s=30.0, now=now)

    async def revoke() -> None:
        old = authoriser.for_session(user(), session_id="old", source_ip="::1")
        await old.require("s3:GetObject", "bucket", "key")
        older_ones = {"DateLessThan": {"aws:TokenIssueTime": clock.to_iso(clock.now())}}
        revocation = statement("Deny", "*", Action="*", Condition=older_ones)
        source.roles["transfer"] = role(ALL_OF_S3, {"Version": "2012-10-17", "Statement": revocation})
        for _ in range(3):
            now.now_s += 31.0
            with pytest.raises(AccessDeniedError):
                await old.require("s3:GetObject", "bucket", "key")
        new = authoriser.for_session(user(), session_id="new", source_ip="::1")
        await new.require("s3:GetObject", "bucket", "key")

    asyncio.run(revoke())


def test_sessions_of_one_role_read_it_once_until_it_is_old() -> None:
    source, now = MemorySource({"transfer": role(ALL_OF_S3)}), Clock()
    authoriser = IamAuthoriser(source, SERVER, ttl_s=30.0, now=now)
    sessions = [authoriser.for_session(user(), session_id=str(n), source_ip="::1") for n in range(50)]

    async def all_at_once() -> None:
        await asyncio.gather(*(session.require("s3:GetObject", "bucket", "key") for session in sessions))

    async def one_after_another() -> None:
        await all_at_once()
        await all_at_once()
        assert source.asked == ["transfer", "bucket"]
        source.roles["transfer"] = role(NOTHING)
        now.now_s += 29.0
        await all_at_once()
        now.now_s += 2.0
        with pytest.raises(AccessDeniedError):
            await sessions[0].require("s3:GetObject", "bucket", "key")
        del source.roles["transfer"]
        now.now_s += 31.0
        with pytest.raises(AccessDeniedError, match=re.escape("Unable to AssumeRole for user")):
            await sessions[0].require("s3:GetObject", "bucket", "key")

    asyncio.run(one_after_another())


def test_an_iam_that_does_not_answer_is_asked_again_soon() -> None:
    source, now = SilentIam({"transfer": role(ALL_OF_S3)}), Clock()
    session = IamAuthoriser(source, SERVER, ttl_s=30.0, now=now).for_session(
        user(), session_id="a", source_ip="::1"
    )

    async def silence_and_back() -> None:
        with pytest.raises(PoliciesUnavailableError):
            await session.require("s3:GetObject", "bucket", "key")
        source.silent = False
        now.now_s += 1.5
        await session.require("s3:GetObject", "bucket", "key")

    asyncio.run(silence_and_back())


def test_what_was_read_is_used_for_an_hour_while_iam_does_not_answer() -> None:
    source, now = SilentIam({"transfer": role(ALL_OF_S3)}), Clock()
    source.silent = False
    session = IamAuthoriser(source, SERVER, ttl_s=30.0, now=now).for_session(
        user(), session_id="a", source_ip="::1"
    )

    async def silence() -> None:
        await session.require("s3:GetObject", "bucket", "key")
        source.silent = True
        for _ in range(3):
            now.now_s += 1000.0
            await session.require("s3:GetObject", "bucket", "key")
        now.now_s += 1000.0
        with pytest.raises(PoliciesUnavailableError):
            await session.require("s3:GetObject", "bucket", "key")

    asyncio.run(silence())


def test_one_that_waited_first_may_go_away() -> None:
    authoriser = IamAuthoriser(MemorySource({"transfer": role(ALL_OF_S3)}), SERVER, ttl_s=30.0)
    session = authoriser.for_session(user(), session_id="a", source_ip="::1")

    async def leave() -> None:
        first = asyncio.ensure_future(session.require("s3:GetObject", "bucket", "key"))
        second = asyncio.ensure_future(session.require("s3:GetObject", "bucket", "key"))
        await asyncio.sleep(0)
        first.cancel()
        await second

    asyncio.run(leave())
