"""Files that were to end badly, and the workers of the generator, on the page and in words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.measure.records import Outcome
from harness.report import findings, headline
from harness.report.html import render_html
from harness.report.page import RunData
from harness.report.sections import expected, generator
from harness.report.summary import build_summary, problems_of
from tests.unit.report import builders

pytestmark = pytest.mark.unit


def with_poison(*, delivered: int = 0) -> dict[str, Any]:
    """Return the summary of 5 plain and 5 bad files, some of which were delivered against all expectation."""
    ends = [Outcome.DELIVERED] * (5 + delivered) + [Outcome.FAILED] * (5 - delivered)
    summary = build_summary(builders.inputs([builders.record(n, end) for n, end in enumerate(ends)]))
    summary["files"] |= {"as_expected": 10 - delivered, "unexpected": delivered}
    outcomes = {"delivered": delivered, "failed": 5 - delivered}
    summary["kinds"] = [
        {
            "kind": "plain",
            "expects": "delivered",
            "offered": 5,
            "as_expected": 5,
            "outcomes": {"delivered": 5},
            "causes": {},
        },
        {
            "kind": "poison",
            "expects": "failed",
            "offered": 5,
            "as_expected": 5 - delivered,
            "outcomes": {name: count for name, count in outcomes.items() if count},
            "causes": {"InvalidKey": 5 - delivered},
        },
    ]
    assert problems_of(summary) == []
    return summary


def term(page: str, name: str) -> str:
    found = re.search(rf'class="(term [^"]*t-{name})"', page)
    assert found
    return found.group(1)


def test_files_that_were_to_fail_are_no_fault():
    summary = with_poison()
    assert "All 10 offered files ended as they should." in headline.sentences(summary)
    page = render_html(RunData(summary))
    assert "meant" in term(page, "failed").split()
    assert [row.ended for row in expected.rows(summary)] == ["5 delivered", "5 failed"]


def test_a_bad_file_that_was_delivered_is_told():
    summary = with_poison(delivered=2)
    assert "2 of 10 offered files did not end as they should." in headline.sentences(summary)
    page = render_html(RunData(summary))
    assert re.search(r'data-file="unexpected"><data value="2"', page)
    assert re.search(r'<tr class="bad"><th scope="row">bad files</th>', page)


def test_a_failure_that_nobody_expected_keeps_its_colour():
    summary = build_summary(builders.failed_inputs())
    assert "meant" not in term(render_html(RunData(summary)), "failed").split()
    assert expected.forgiven(summary) == {}


def test_messages_in_the_dead_letter_queue_count_for_files_that_were_to_fail():
    kind = {"expects": "failed", "outcomes": {"dlq": 3, "failed": 2, "delivered": 1}}
    assert expected.forgiven({"kinds": [kind]}) == {"dlq": 3, "failed": 2}


def test_plain_runs_have_no_sentence_on_expectations():
    assert expected.sentence(build_summary(builders.inputs())) == ""


def workers(*ended: str, was_limit: bool = False) -> dict[str, Any]:
    rows = [
        {"worker": f"w{n}", "offered": 25, "lag_p99_ms": 3.5, "cpu_s": 1.25, "ended": each}
        for n, each in enumerate(ended)
    ]
    return {**build_summary(builders.inputs()), "generator": {"workers": rows, "was_limit": was_limit}}


def test_each_worker_of_the_generator_has_a_row():
    summary = workers("done", "lost after 12.0 s")
    page = render_html(RunData(summary))
    table = page[page.index('<table id="workers">') :]
    assert "lost after 12.0 s" in table[: table.index("</table>")]
    assert [row.offered for row in generator.rows(summary)] == [25, 25]
    assert dict(findings.lines(summary))["Generator"] == "2 workers"


def test_a_generator_that_was_the_limit_says_so_first():
    summary = workers("done", was_limit=True)
    assert generator.sentences(summary)[0].startswith("The generator was the limit")
    assert "the generator was the limit" in dict(findings.lines(summary))["Generator"]


def test_more_workers_than_anyone_reads_do_not_swell_the_page():
    summary = workers(*["done"] * 500)
    assert len(generator.rows(summary)) == generator.WORKERS_SHOWN
    assert generator.left_out(summary) == 500 - generator.WORKERS_SHOWN


def test_the_cost_of_a_file_is_told_only_where_it_is_known():
    assert any("of CPU for each file" in each for each in generator.sentences(workers("done")))
    silent = build_summary(builders.inputs([], resources={}))
    assert generator.sentences(silent) == []


def test_a_clock_that_was_corrected_is_told():
    summary = workers("complete", "complete")
    summary["generator"]["workers"][1] |= {"clock_ahead_s": -0.25, "clock_error_s": 0.002}
    assert [row.clock for row in generator.rows(summary)] == ["", "-250 ms, within 2.00 ms"]


def test_what_was_asked_to_be_offered_is_on_the_page():
    summary = build_summary(builders.inputs())
    summary["workload"] = {
        "description": "Small files & few",
        "rate_per_s": 5.0,
        "behaviours": [{"kind": "slow"}],
    }
    page = render_html(RunData(summary))
    assert '<p class="described">Small files &amp; few</p>' in page
    assert "[{&#34;kind&#34;: &#34;slow&#34;}]" in page
