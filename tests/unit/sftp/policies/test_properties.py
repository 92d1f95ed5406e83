"""Whatever the policies say: the evaluator agrees with a slow one, and more limits never allow more."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.sftp.policies.document import Policy, PolicyType, parse
from harness.sftp.policies.errors import MalformedPolicyError
from harness.sftp.policies.evaluation import PolicySet, Request
from harness.sftp.policies.patterns import Kind, compile_pattern
from harness.sftp.policies.principals import Caller
from tests.unit.sftp.policies import reference
from tests.unit.sftp.policies.documents import policies, requests, statements, texts

pytestmark = pytest.mark.unit

Document = dict[str, Any]
Question = tuple[str, str, dict[str, str]]
CALLER = Caller(frozenset({"AWS:session"}))
UNTIMED = settings(deadline=None)
FEWER = settings(max_examples=50, deadline=None)
role_policies = st.lists(policies, max_size=2)


def compiled(document: Document) -> Policy:
    return parse(json.dumps(document), PolicyType.IDENTITY)


def allows(role: list[Document], session: Document | None, question: Question) -> bool:
    action, resource, context = question
    policy_set = PolicySet(tuple(map(compiled, role)), session=compiled(session) if session else None)
    return policy_set.allows(Request(action.lower(), resource, context), CALLER)


@UNTIMED
@given(role_policies, st.none() | policies, requests)
def test_agrees_with_the_reference(
    role: list[Document], session: Document | None, question: Question
) -> None:
    assert allows(role, session, question) == reference.is_allowed(role, session, *question)


@FEWER
@given(role_policies, st.none() | policies, statements("Deny"), requests, st.randoms())
def test_another_deny_never_widens(
    role: list[Document],
    session: Document | None,
    deny: Document,
    question: Question,
    random: random.Random,
) -> None:
    if not allows(role, session, question):
        place = random.choice([*role, {"Statement": []}])
        place["Statement"].insert(random.randint(0, len(place["Statement"])), deny)
        assert not allows(role, session, question)


@FEWER
@given(role_policies, policies, requests)
def test_a_session_policy_never_widens(role: list[Document], session: Document, question: Question) -> None:
    assert allows(role, None, question) or not allows(role, session, question)


@FEWER
@given(role_policies, policies, requests)
def test_a_boundary_limits_as_a_session_policy_does(
    role: list[Document], limit: Document, question: Question
) -> None:
    action, resource, context = question
    bounded = PolicySet(tuple(map(compiled, role)), boundary=compiled(limit))
    assert bounded.allows(Request(action.lower(), resource, context), CALLER) == allows(role, limit, question)


@FEWER
@given(role_policies, st.none() | policies, requests, st.randoms())
def test_order_does_not_matter(
    role: list[Document], session: Document | None, question: Question, random: random.Random
) -> None:
    before = allows(role, session, question)
    shuffled = [
        {**policy, "Statement": random.sample(policy["Statement"], len(policy["Statement"]))}
        for policy in role
    ]
    random.shuffle(shuffled)
    assert allows(shuffled, session, question) == before


@FEWER
@given(st.none() | policies, requests)
def test_no_policies_allow_nothing(session: Document | None, question: Question) -> None:
    assert not allows([], session, question)


@UNTIMED
@given(
    texts, st.text("aAb/*?:$", max_size=6), st.dictionaries(st.just("aws:userid"), st.text("a*", max_size=2))
)
def test_wildcards_are_those_of_the_reference(pattern: str, text: str, context: dict[str, str]) -> None:
    filled = reference.fill(pattern, context)
    for kind, matches in (
        (Kind.TEXT, reference.glob),
        (Kind.RESOURCE, reference.resource_matches),
        (Kind.ARN, reference.arn_matches),
    ):
        made = compile_pattern(pattern, kind, with_variables=True, filled={})
        assert made.is_resolvable(context) == (filled is not None)
        assert made.matches(text, context) == (filled is not None and matches(filled, text))


@settings(max_examples=500, deadline=None)
@example("?", ":")
@example("arn:*:a*b:c", "arn:x:a1:y:a2b:c")
@given(
    st.lists(st.text("a*?", max_size=3), min_size=1, max_size=8).map(":".join),
    st.lists(st.text("a", max_size=3), min_size=1, max_size=9).map(":".join),
)
def test_wildcards_of_arns_are_those_of_the_reference(pattern: str, text: str) -> None:
    filled = reference.fill(pattern, {})
    assert filled is not None
    for kind, matches in (
        (Kind.RESOURCE, reference.resource_matches),
        (Kind.ARN, reference.arn_matches),
    ):
        made = compile_pattern(pattern, kind, with_variables=True, filled={})
        assert made.matches(text, {}) == matches(filled, text)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.RESOURCE, Kind.ARN])
def test_a_pattern_of_many_wildcards_is_answered(kind: Kind) -> None:
    """It would take longer than the universe is old if every way to match were tried."""
    pattern = compile_pattern("arn:aws:s3:::" + "*a" * 500 + "b", kind, with_variables=True, filled={})
    assert not pattern.matches("arn:aws:s3:::" + "a" * 1000 + "c", {})
    assert pattern.matches("arn:aws:s3:::" + "a" * 1000 + "b", {})


@UNTIMED
@given(st.text("*?a$", max_size=3), st.text("*?a$", max_size=3))
def test_what_transfer_fills_in_is_literal(name: str, other: str) -> None:
    filled = {"transfer:username": name}
    made = compile_pattern("home/${transfer:UserName}", Kind.TEXT, with_variables=False, filled=filled)
    assert made.matches(f"home/{other}", {}) == (name == other)


@UNTIMED
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Condition", "Sid"]),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_policy_or_refused(document: Any) -> None:
    with contextlib.suppress(MalformedPolicyError):
        parse(json.dumps(document), PolicyType.IDENTITY)
