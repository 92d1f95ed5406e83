"""What is a threshold and what is not: all mistakes at once, and none that says nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.exceptions import UsageError
from harness.measure import thresholds
from harness.measure.thresholds import METRICS, parse_thresholds
from harness.measure.thresholds.metrics import OF_ROLES, ROLE

pytestmark = pytest.mark.unit

README = Path(thresholds.__file__).with_name("README.md")


def refused(*texts: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_thresholds(texts)
    return caught.value.message


def test_all_mistakes_are_told_at_once() -> None:
    mistakes = {
        "end_to_end.p98 < 5s": "no metric end_to_end.p98",
        "speed.p99 < 5s": "metrics begin with attempts, backlog, bytes",
        "end_to_end.p99 < 5": "the unit is missing",
        "end_to_end.p99 < 5/s": "unknown unit '/s'",
        "files.lost == 0s": "it takes one of %",
        "backlog.max == 0s": "it takes no unit",
        "files.lost = 0": "not of the form",
        "lag.p99 < fast": "not of the form",
        "rate.delivered >= 11": "the unit is missing",
        "": "not of the form",
        "queue.work.size.max < 5": "known: queue.<role>.depth.max",
        f"files.lost < {'9' * 400}": "too large",
        "files.lost < 0": "no run can meet this",
    }
    message = refused("files.lost == 0", *mistakes)
    assert [said for said in mistakes.values() if said not in message] == []
    assert message.count("; ") == len(mistakes) - 1


@pytest.mark.parametrize(
    "text",
    [
        "files.lost < 0",
        "files.lost <= -1",
        "files.lost == 0.5",
        "files.lost == -1",
        "end_to_end.p99 < 0ms",
        "end_to_end.p99 <= -1s",
        "rate.delivered < 0/s",
        "bytes.delivered < 0",
        "failures.share > 100%",
        "files.failed > 100%",
        "queue.work.depth.max < 0",
        "resources.engine.rss_max < 0MiB",
        "lambda.worker.errors == 1.5",
    ],
)
def test_what_no_run_can_meet_is_refused(text: str) -> None:
    assert "no run can meet this" in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "files.lost >= 0",
        "files.lost > -1",
        "files.lost != 0.5",
        "rate.delivered >= 0",
        "failures.share <= 100%",
    ],
)
def test_what_every_run_meets_is_refused(text: str) -> None:
    assert "every run meets this" in refused(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("files.lost == 0", "files.lost > 5"),
        ("files.failed < 3", "files.failed > 2"),
        ("end_to_end.p99 < 1s", "end_to_end.p99 >= 1000ms"),
        ("files.lost == 0", "files.lost != 0"),
        ("files.failed < 1%", "files.failed > 2%"),
        ("backlog.slope < -1/s", "backlog.slope > 0"),
    ],
)
def test_two_that_exclude_each_other_are_refused(one: str, other: str) -> None:
    assert refused(one, "files.offered > 0", other).count(f"{one!r} and {other!r}: no run can meet both") == 1


@pytest.mark.parametrize(
    "texts",
    [
        ("files.failed < 3", "files.failed >= 2"),
        ("files.failed <= 2", "files.failed >= 2"),
        ("files.failed < 1%", "files.failed > 2"),
        ("end_to_end.p99 < 1s", "end_to_end.p99 > 0ms"),
        ("backlog.slope <= 0", "backlog.slope > -5/s"),
        ("backlog.slope < -1/s",),
        ("rate.delivered > 0",),
        ("failures.share == 0", "failures.share < 1%"),
        ("queue.work.depth.max < 1000", "queue.dlq.depth.max == 0"),
        ("resources.stand-ins.cpu_mean <= 250%",),
    ],
)
def test_what_a_run_can_meet_and_fail_is_taken(texts: tuple[str, ...]) -> None:
    assert [threshold.text for threshold in parse_thresholds(texts)] == list(texts)


def test_the_documentation_names_every_metric() -> None:
    """A row may stand for several: `queue.<role>.depth.{max,mean,last}`."""
    text = README.read_text(encoding="utf-8")
    named = {
        f"{before}{part.strip()}{after}"
        for before, parts, after in re.findall(r"`([\w<>.-]+?\.)\{([^}]+)\}([\w<>.-]*)`", text)
        for part in parts.split(",")
    } | set(re.findall(r"`([\w<>-]+(?:\.[\w<>-]+)+)`", text))
    stages = {name.replace("<stage>", stage) for name in named for stage in _stages(text)}
    assert {*METRICS, *OF_ROLES} - named - stages == set()
    assert all(ROLE in name for name in OF_ROLES)


def _stages(text: str) -> list[str]:
    (row,) = re.findall(r"^\| `<stage>` \| (.*) \|$", text, re.MULTILINE)
    return re.findall(r"`(\w+)`", row)


def test_examples_of_the_documentation_are_thresholds() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    texts = re.findall(r"^  - (.+?)(?:\s+#.*)?$", block, re.MULTILINE)
    assert len(texts) > 5
    parse_thresholds(texts)
