"""An engine that cannot be tested ends the suite with one message, not with an error for each test."""

from __future__ import annotations

import pytest

from harness.exceptions import EngineStartError, UsageError
from tests.conformance.conftest import without_it_nothing

pytestmark = pytest.mark.unit


def test_a_name_that_is_none_is_told_with_those_that_there_are() -> None:
    with pytest.raises(pytest.exit.Exception) as caught, without_it_nothing("localstak"):
        raise UsageError("there is no engine 'localstak'", hint="engines: localstack, aws")
    assert "there is no engine 'localstak' (engines: localstack, aws)" in str(caught.value)
    assert caught.value.returncode == 2


def test_an_engine_that_does_not_start_is_not_ready() -> None:
    with pytest.raises(pytest.exit.Exception) as caught, without_it_nothing("localstack"):
        raise EngineStartError("no answer")
    assert str(caught.value) == "engine localstack: no answer"
    assert caught.value.returncode == 3
