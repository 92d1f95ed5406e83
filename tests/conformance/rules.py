"""Rules for tests, and what they deliver."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.aws import Aws


def put_rule(aws: Aws, pattern: dict[str, Any], *targets: dict[str, Any], bus: str = "default") -> str:
    """Make a rule with targets, each given without its `Id`; return its name."""
    name = aws.name("rule")
    aws.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    aws.at_end(lambda: aws.events.delete_rule(Name=name, EventBusName=bus))
    numbered = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    ids = [str(target["Id"]) for target in numbered]
    aws.at_end(lambda: aws.events.remove_targets(Rule=name, EventBusName=bus, Ids=ids))
    answer = aws.events.put_targets(Rule=name, EventBusName=bus, Targets=numbered)
    assert answer["FailedEntryCount"] == 0
    return name


def put_event(aws: Aws, source: str, detail: Any, *, bus: str = "default", kind: str = "test") -> str:
    """Put one event; return its id."""
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = aws.events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return str(answer["Entries"][0]["EventId"])
