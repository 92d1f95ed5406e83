"""What a worker says while it waits in a service's lobby."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.exit_codes import ExitCode
from harness.service import attendance

pytestmark = pytest.mark.unit

RUN = {"run": "smoke-1", "port": 5558}
NONE = {"run": None}


class Clock:
    """Seconds that pass only when somebody waits, or works."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(attendance, "time", made)
    return made


def attend(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    answers: list[dict[str, Any] | None],
    *,
    work_s: float = 0.0,
) -> int:
    """Attend until the answers are used up; return for how many runs there was work."""
    works: list[object] = []

    def work(*place: object) -> ExitCode:
        works.append(place)
        clock.sleep(work_s)
        return ExitCode.PASSED

    class Visit(SimpleNamespace):
        def __enter__(self) -> Visit:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def ask(self) -> dict[str, Any] | None:
            clock.sleep(1.0)
            if not answers:
                raise KeyboardInterrupt
            return answers.pop(0)

    monkeypatch.setattr(attendance, "Visit", lambda *_place: Visit())
    monkeypatch.setattr(attendance, "work_for", work)
    assert attendance.attend("service", 5557) is ExitCode.PASSED
    return len(works)


def test_a_run_is_worked_for_once(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    assert attend(monkeypatch, clock, [NONE, RUN, RUN, NONE]) == 1


def test_a_service_that_is_silent_is_told_once_and_once_that_it_is_back(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    attend(monkeypatch, clock, [*[None] * 40, NONE, NONE])
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert "no service answers at service:5557" in told[1]
    assert told[2] == "the service at service:5557 answers"


def test_after_a_long_run_one_answer_that_is_late_is_no_silence(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    attend(monkeypatch, clock, [RUN, None, NONE], work_s=600)
    assert "no service answers" not in capsys.readouterr().err
