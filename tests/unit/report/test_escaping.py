"""Keys and messages come from the run and may hold anything: none of it may become markup."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from harness.report import text
from harness.report.console import render
from harness.report.html import render_html
from harness.report.junit import render_junit
from harness.report.markdown import render_markdown
from harness.report.page import RunData
from harness.report.summary import build_summary
from tests.unit.report import builders

pytestmark = pytest.mark.unit

NASTY = (
    "<script>alert(1)</script>",
    "]]><!--",
    "a|b`c``d```e",
    "</code></td></table><h1>x",
    "[x](javascript:alert(1)) ![y](//z)",
    "**bold** _it_ ~~no~~ $x$ :smile: \\",
    "# head",
    "1. one",
    "- item",
    " - item behind a blank",
    "https://example.invalid www.example.invalid",
    "{{ 7*7 }} {% raw %} &amp; &#60;",
    "line\nbreak\r\n\n| new | row |",
    "nul\0 esc\x1b[31m \u202eltr \ud800 \ufffe \u2028",
    "[bold red]rich[/]",
    '"><img src=x onerror=alert(1)>',
)
FOREIGN = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=80),
    st.text("<>&\"'`|*_[](){}#+-.!\\~:$@ \n\t/abc01", min_size=1, max_size=80),
)
HARMLESS = "plain"


class Structure(HTMLParser):
    """The elements of a page with their attributes' names, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[object] = []
        self.content = ""

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.elements.append(tag)

    def handle_comment(self, data):
        self.elements.append("comment")

    def handle_data(self, data):
        self.content += data


def structure(page: str) -> Structure:
    parser = Structure()
    parser.feed(page)
    parser.close()
    return parser


def summary_with(foreign: str):
    """Return a summary that holds the text wherever a run's own words can be."""
    summary = build_summary(builders.failed_inputs(key=foreign, message=foreign))
    summary["failures"][0]["cause"] = foreign
    summary["thresholds"][0]["name"] = foreign
    summary["notes"] = [foreign]
    summary["reasons"] = [foreign]
    summary["scenario"] = foreign
    summary["provenance"]["command"] = foreign
    summary["engine"]["differs_from_aws"] = [foreign]
    summary["resources"][foreign] = summary["resources"]["engine"]
    return summary


def every_nasty_text(test):
    for foreign in NASTY:
        test = example(foreign=foreign)(test)
    return test


@every_nasty_text
@given(foreign=FOREIGN)
@settings(deadline=None, max_examples=12)
def test_html_has_the_same_elements_whatever_a_key_holds(foreign):
    page = render_html(RunData(summary_with(foreign)))
    parsed = structure(page)
    assert parsed.elements == structure(render_html(RunData(summary_with(HARMLESS)))).elements
    assert text.printable(foreign) in parsed.content
    page.encode("utf-8")


@every_nasty_text
@given(foreign=FOREIGN)
@settings(deadline=None, max_examples=12)
def test_markdown_has_the_same_elements_whatever_a_key_holds(foreign):
    markdown = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    parsed = structure(markdown.render(render_markdown(summary_with(foreign))))
    expected = structure(markdown.render(render_markdown(summary_with(HARMLESS))))
    assert parsed.elements == expected.elements
    # Markdown joins and trims blanks, which changes nothing that can be seen.
    assert "".join(text.printable(foreign).split()) in "".join(parsed.content.split())


@every_nasty_text
@given(foreign=FOREIGN)
@settings(deadline=None, max_examples=12)
def test_junit_is_well_formed_whatever_a_key_holds(foreign):
    parsed = ET.fromstring(render_junit(summary_with(foreign)).encode("utf-8"))
    assert [element.tag for element in parsed.iter()] == [
        element.tag for element in ET.fromstring(render_junit(summary_with(HARMLESS))).iter()
    ]


@every_nasty_text
@given(foreign=FOREIGN)
@settings(deadline=None, max_examples=12)
def test_the_console_shows_markup_as_text_and_no_control_characters(foreign):
    output = io.StringIO()
    render(summary_with(foreign), Path("reports/x"), Console(file=output, width=4000, color_system=None))
    shown = output.getvalue()
    assert not set(shown) & {"\x1b", "\0", "\r", "\u202e"}
    assert text.printable(foreign).strip() in shown


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_printable_text_has_one_line_and_encodes(foreign):
    shown = text.printable(foreign)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


def test_printable_keeps_what_people_read():
    assert text.printable("Grüße 👨‍👩‍👧 “x” %20+&<é") == "Grüße 👨‍👩‍👧 “x” %20+&<é"
    assert text.printable("a\nb\0\u202e") == "a\\nb\\x00\\u202e"
