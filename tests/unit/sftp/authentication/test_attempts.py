from __future__ import annotations

import pytest

from harness.sftp.attempts import AttemptLimit

pytestmark = pytest.mark.unit


def test_failures_are_counted_when_they_begin() -> None:
    limit = AttemptLimit(2)
    assert limit.begin("password")
    assert limit.begin("password")
    assert limit.are_spent
    assert not limit.begin("password")


def test_the_question_for_the_methods_is_free_once() -> None:
    limit = AttemptLimit(1)
    assert limit.begin("none")
    assert limit.begin("none")
    assert not limit.begin("none")


def test_a_welcome_key_is_no_failure_and_may_be_signed_with() -> None:
    limit = AttemptLimit(1)
    for _ in range(2):
        assert limit.begin("publickey")
        limit.welcome()
    assert not limit.are_spent


def test_a_client_that_never_signs_rightly_is_stopped() -> None:
    limit = AttemptLimit(3)
    asked = 0
    while limit.begin("publickey"):
        limit.welcome()
        asked += 1
    assert asked == 7
