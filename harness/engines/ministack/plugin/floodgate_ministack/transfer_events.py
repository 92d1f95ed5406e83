"""Events of Transfer Family are taken from the harness, which stands in for it.

MiniStack refuses events of a source `aws.*` as AWS does, from everybody but its own services.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

SOURCE = "aws.transfer"


def apply() -> None:
    """Wrap PutEvents."""
    events: Any = import_module("ministack.services.eventbridge")
    put = events._put_events

    def put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        return put(data, allow_aws_source=allow_aws_source or are_of_transfer(data))

    events._put_events = put_events


def are_of_transfer(data: dict[str, Any]) -> bool:
    """Tell whether all entries of a request are Transfer Family's."""
    return {entry.get("Source") for entry in data.get("Entries", [])} == {SOURCE}
