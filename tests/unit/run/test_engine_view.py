"""Faults of a run come and go with it; its calls are those between its begin and its end."""

from __future__ import annotations

import pytest

from harness import faults
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.exceptions import StackLostError, UsageError
from harness.faults import FaultCount
from harness.run.engine_view import EngineView
from harness.run.options import RunOptions

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:1")
KEPT, OWN = "s3.CopyObject:AccessDenied@100%", "s3.events:duplicate@5%"


class FaultyEngine:
    """An engine that keeps rules and counts calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rules: list[str] = []
        self.calls: dict[str, int] | None = {"s3.CopyObject": 10}
        monkeypatch.setattr(faults, "add", self.add)
        monkeypatch.setattr(faults, "apply", self.apply)
        monkeypatch.setattr(faults, "listing", self.listing)
        monkeypatch.setattr(registry, "call_counts", lambda _engine: self.calls)

    def add(self, _engine, rules, _seed) -> None:
        self.rules += [rule.text for rule in rules]

    def apply(self, _engine, rules, _seed) -> None:
        self.rules = [rule.text for rule in rules]

    def listing(self, _engine) -> list[FaultCount]:
        return [FaultCount(text, 4, 2) for text in self.rules]


class EngineThatIsGone(FaultyEngine):
    def listing(self, _engine) -> list[FaultCount]:
        raise StackLostError("gone")


class EngineWithoutFaults(FaultyEngine):
    def listing(self, _engine) -> list[FaultCount]:
        raise UsageError("no fault layer")


def view(*texts: str) -> EngineView:
    return EngineView(ENGINE, RunOptions("smoke", fault_texts=texts).fault_rules(), seed=1)


def test_a_runs_faults_come_besides_a_stacks_own_and_go_away(monkeypatch):
    engine = FaultyEngine(monkeypatch)
    engine.rules = [KEPT]
    made = view(OWN)
    made.begin()
    assert engine.rules == [KEPT, OWN]
    made.take()
    assert [(count.text, count.hits) for count in made.faults] == [(KEPT, 2), (OWN, 2)]
    made.end()
    assert engine.rules == [KEPT]


def test_a_run_without_faults_touches_none(monkeypatch):
    engine = FaultyEngine(monkeypatch)
    engine.rules = [KEPT]
    made = view()
    made.begin()
    made.take()
    made.end()
    assert engine.rules == [KEPT]
    assert [count.text for count in made.faults] == [KEPT], "the report tells of them all the same"


def test_calls_are_counted_from_begin_to_take_and_divided_by_files(monkeypatch):
    engine = FaultyEngine(monkeypatch)
    made = view()
    made.begin()
    engine.calls = {"s3.CopyObject": 30, "sqs.SendMessage": 5}
    made.take()
    engine.calls = {"s3.CopyObject": 9999}
    assert made.calls_per_file(20) == {"s3.CopyObject": 1.0, "sqs.SendMessage": 0.25}
    assert made.calls_per_file(0) is None


def test_an_engine_that_does_not_count_gives_no_figure(monkeypatch):
    engine = EngineWithoutFaults(monkeypatch)
    engine.calls = None
    made = view()
    made.begin()
    made.take()
    assert (made.calls_per_file(20), made.faults) == (None, [])


def test_faults_are_refused_where_there_is_no_fault_layer(monkeypatch):
    EngineWithoutFaults(monkeypatch)
    with pytest.raises(UsageError, match="no fault layer"):
        view(OWN).begin()


def test_an_engine_that_is_gone_does_not_take_the_report_with_it(monkeypatch):
    EngineThatIsGone(monkeypatch)
    made = view()
    made.begin()
    made.take()
    made.end()
    assert made.faults == []


def test_a_fault_that_is_none_is_told_with_the_other_problems():
    with pytest.raises(UsageError) as caught:
        RunOptions("smoke", rate=0, fault_texts=("nonsense",)).validate()
    assert "--rate" in str(caught.value)
    assert "nonsense" in str(caught.value)
