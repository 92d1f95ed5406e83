"""What the user may write for a fault, and what is said of what may not be written."""

from __future__ import annotations

import pytest

from harness.exceptions import UsageError
from harness.faults import Effect, FaultRule, Target, parse

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3.CopyObject:AccessDenied", ("s3", "CopyObject", Target.OPERATION, Effect.CODE)),
        ("s3.CopyObject:delay=2s@10%", ("s3", "CopyObject", Target.OPERATION, Effect.DELAY)),
        ("states.StartExecution:X.Y", ("stepfunctions", "StartExecution", Target.OPERATION, Effect.CODE)),
        ("s3.events:duplicate", ("s3", "events", Target.EVENTS, Effect.DUPLICATE)),
        ("s3.events:delay=1s", ("s3", "events", Target.EVENTS, Effect.DELAY)),
        ("lambda.worker:kill", ("lambda", "worker", Target.FUNCTION, Effect.KILL)),
        ("lambda.Invoke:ServiceException", ("lambda", "Invoke", Target.OPERATION, Effect.CODE)),
    ],
)
def test_target_and_effect(text: str, expected: tuple[str, str, Target, Effect]) -> None:
    (rule,) = parse([text])
    assert (rule.service, rule.name, rule.target, rule.effect) == expected
    assert rule.text == text


def test_all_parts_of_a_rule() -> None:
    assert parse([" s3.CopyObject[archive/eu/*]:SlowDown@2.5%[30s-60.5s] "]) == [
        FaultRule(
            text="s3.CopyObject[archive/eu/*]:SlowDown@2.5%[30s-60.5s]",
            target=Target.OPERATION,
            service="s3",
            name="CopyObject",
            effect=Effect.CODE,
            share=0.025,
            from_s=30.0,
            to_s=60.5,
            where="archive/eu/*",
            code="SlowDown",
        )
    ]


def test_a_rule_without_share_and_window_is_for_all_and_for_ever() -> None:
    (rule,) = parse(["lambda.worker:kill=500ms"])
    assert (rule.share, rule.from_s, rule.to_s, rule.seconds) == (1.0, 0.0, None, 0.5)
    (rule,) = parse(["lambda.worker:kill=after-write@1%[3s-]"])
    assert (rule.share, rule.from_s, rule.to_s, rule.after_write) == (0.01, 3.0, None, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not of the form"),
        ("CopyObject:AccessDenied", "not of the form"),
        ("s3.CopyObject", "not of the form"),
        ("s3.CopyObjects:AccessDenied", "did you mean CopyObject?"),
        ("dynamo.GetItem:X", "did you mean dynamodb?"),
        ("s3.CopyObject:accessdenied", "neither delay=TIME nor an error code"),
        ("s3.CopyObject:duplicate", "neither delay=TIME nor an error code"),
        ("s3.CopyObject:delay=2", "no time such as 2s"),
        ("s3.CopyObject:AccessDenied@0%", "above 0 and at most 100"),
        ("s3.CopyObject:AccessDenied@101%", "above 0 and at most 100"),
        ("s3.CopyObject:AccessDenied@%", "above 0 and at most 100"),
        ("s3.CopyObject:AccessDenied[60s-30s]", "ends before it begins"),
        ("s3.CopyObject:AccessDenied[60-30]", "no time window"),
        ("s3.CopyObject[]:AccessDenied", "name of a resource"),
        ("s3.events:kill", "duplicate, reorder, drop"),
        ("lambda.worker:duplicate", "kill, error, throttle"),
        ("lambda.worker[x]:kill", "functions take none"),
        ("lambda.worker:kill=now", "no time such as 2s"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([text])
    assert problem in caught.value.message
    assert repr(text) in caught.value.message
    assert "s3.CopyObject:AccessDenied@100%" in (caught.value.hint or "")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["s3.Nope:x@0%[9s-1s]", "s3.events:duplicate", "nonsense"])
    message = caught.value.message
    for problem in ("'Nope'", "above 0", "ends before", "'nonsense'"):
        assert problem in message
    assert "duplicate" not in message
