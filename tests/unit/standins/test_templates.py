"""Input templates and paths, by the examples of AWS's documentation.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exceptions import UsageError
from harness.standins.pipes.paths import MISSING, JsonPath
from harness.standins.pipes.templates import InputTemplate

pytestmark = pytest.mark.unit

NAMES = {"aws.pipes.pipe-name": "p", "aws.pipes.source-arn": "arn:aws:sqs:us-east-1:1:q"}
RECORD: dict[str, Any] = {
    "messageId": "m-1",
    "body": json.dumps({"key": "a/b.csv", "Records": [0, 1, 2, {"n": 3}], "deep": {"x": 'say "hi"'}}),
    "attributes": {"SenderId": "AIDA", "SentTimestamp": "1"},
}


def render(template: str, event: Any = RECORD) -> str:
    return InputTemplate(template, NAMES).render(event)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello, sender", "Hello, sender"),
        ("<$.attributes.SenderId>", "AIDA"),
        ('"Hello, <$.attributes.SenderId>"', '"Hello, AIDA"'),
        ('{"k": "v", "key": <$.body.key>}', '{"k": "v", "key": "a/b.csv"}'),
        ('{"key": "<$.body.key>"}', '{"key": "a/b.csv"}'),
        ('{"third": <$.body.Records[3]>}', '{"third": {"n": 3}}'),
        ('{"all": <$.body.Records[*].n>}', '{"all": [3]}'),
        ('{"name": <aws.pipes.pipe-name>}', '{"name": "p"}'),
        ('{"from": "<aws.pipes.source-arn>"}', '{"from": "arn:aws:sqs:us-east-1:1:q"}'),
        ('{"x": "<$.body.deep.x>"}', '{"x": "say \\"hi\\""}'),
        ('{"x": <$.body.deep.x>, "y": "<$.nowhere>"}', '{"x": "say \\"hi\\"", "y": ""}'),
        ('{"x": <$.nowhere.at.all>}', '{"x": ""}'),
        ('{"quoted \\" <$.messageId>": 1}', '{"quoted \\" m-1": 1}'),
        ('{"o": "<$.body.Records[3]>"}', '{"o": "{\\"n\\": 3}"}'),
    ],
)
def test_documented_forms(template: str, expected: str) -> None:
    assert render(template) == expected


def test_the_body_alone_is_the_json_that_it_holds() -> None:
    assert json.loads(render("<$.body>")) == json.loads(RECORD["body"])
    assert render("<$.body>", {"body": "plain text"}) == "plain text"


def test_the_event_as_it_came_and_with_its_body_parsed() -> None:
    assert json.loads(render("<aws.pipes.event>")) == RECORD
    assert json.loads(render("<aws.pipes.event.json>"))["body"]["key"] == "a/b.csv"


@pytest.mark.parametrize("template", ["<$.a..b>", "<$.a[?(@.b)]>", "<$x>", "<aws.pipes.colour>"])
def test_what_pipes_do_not_have_is_refused(template: str) -> None:
    with pytest.raises(UsageError):
        InputTemplate(template, NAMES)


@given(st.text())
def test_any_text_comes_through_json_whole(text: str) -> None:
    event = {"key": text}
    assert json.loads(render('{"a": <$.key>, "b": "<$.key>"}', event)) == {"a": text, "b": text}


def test_paths() -> None:
    event = {"a-b": {"c_d": [{"e": 1}, {"e": 2}, {}]}, "m": {"x": 1, "y": 2}}
    assert JsonPath("$").find(event) == event
    assert JsonPath("$.a-b.c_d[1].e").find(event) == 2
    assert JsonPath("$.a-b.c_d[*].e").find(event) == [1, 2]
    assert JsonPath("$.m.*").find(event) == [1, 2]
    assert JsonPath("$['a-b']").find(event) == event["a-b"]
    assert JsonPath("$.a-b.c_d[9]").find(event) is MISSING
    assert JsonPath("$.m[0]").find(event) is MISSING
    assert JsonPath("$.m.x.z").find(event) is MISSING
