"""A queue in memory for the polling worker: receive, delete, visibility."""

# ruff: noqa: N803  (arguments are named as in AWS's API)
from __future__ import annotations

import threading
from typing import Any

SECOND_S = 0.05
"""How long a second of a long poll takes."""


class FakeSqs:
    """Messages are received once, until they are given back. `changed` wakes who waits for a change."""

    def __init__(self, *records: dict[str, Any]) -> None:
        self.visible = list(records)
        self.records = {record["receiptHandle"]: record for record in records}
        self.deleted: list[str] = []
        self.visibility: list[tuple[str, int]] = []
        self.errors: list[Exception] = []
        self.undeletable: list[str] = []
        self.changed = threading.Condition()

    def wait_for(self, condition: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout=30)

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        WaitTimeSeconds: int,
        MessageSystemAttributeNames: Any,
    ) -> dict[str, Any]:
        assert (MaxNumberOfMessages, MessageSystemAttributeNames) == (10, ["All"])
        with self.changed:
            if self.errors:
                self.changed.notify_all()
                raise self.errors.pop()
            self.changed.wait_for(lambda: bool(self.visible), timeout=WaitTimeSeconds * SECOND_S)
            taken, self.visible = self.visible[:10], self.visible[10:]
            self.changed.notify_all()
        return {"Messages": [_message(record) for record in taken]} if taken else {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        failed = [entry for entry in Entries if entry["ReceiptHandle"] in self.undeletable]
        self.undeletable = []
        with self.changed:
            self.deleted += [entry["ReceiptHandle"] for entry in Entries if entry not in failed]
            self.changed.notify_all()
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "X"} for entry in failed]}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[dict[str, Any]]
    ) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10
        with self.changed:
            self.visibility += [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries]
            self.changed.notify_all()
        return {}


def _message(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "MessageId": record["messageId"],
        "ReceiptHandle": record["receiptHandle"],
        "Body": record["body"],
        "Attributes": record["attributes"],
    }
