"""A table in memory that runs the statements and expressions of `pipeline.records`, by their meaning.

It reads the texts: a condition that the code forgot is not applied here either.
"""

# ruff: noqa: N803  (arguments are named as in AWS's API)
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.unit.pipeline.fake_s3 import client_error

Item = dict[str, Any]


class FakeDynamoDB:
    """`refuse` makes statements fail with a code; `down` makes whole requests fail.

    `before` is run before each request: the place for a rival. `history` has the row before and after each
    write.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Item] = {}
        self.history: list[tuple[Item | None, Item]] = []
        self.calls: list[str] = []
        self.refuse: str | None = None
        self.down: str | Exception | None = None
        self.before: Callable[[], object] = lambda: None

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:
        self._begin("BatchExecuteStatement")
        assert 1 <= len(Statements) <= 25
        named = [self._file_id_of(**statement) for statement in Statements]
        assert len(named) == len(set(named)), "a batch may name each row once"
        return {"Responses": [self._execute(**statement) for statement in Statements]}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        self._begin("GetItem")
        assert ConsistentRead, "a row may have changed a moment ago"
        row = self.rows.get(Key["file_id"]["S"])
        return {"Item": dict(row)} if row else {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: dict[str, Any],
        ReturnValues: str,
        ReturnValuesOnConditionCheckFailure: str,
    ) -> dict[str, Any]:
        self._begin("UpdateItem")
        names, values = ExpressionAttributeNames, ExpressionAttributeValues
        used = set(re.findall(r"#\w+", UpdateExpression + ConditionExpression))
        assert used == set(names), "DynamoDB refuses names that are not used"
        file_id = Key["file_id"]["S"]
        row = self.rows.get(file_id)
        if not _holds(ConditionExpression, names, values, row):
            error = client_error("ConditionalCheckFailedException")
            if row is not None:
                error.response["Item"] = dict(row)  # type: ignore[typeddict-unknown-key]
            raise error
        changed = dict(row or Key)
        for name, value in re.findall(r"(#\w+) = (:\w+)", UpdateExpression):
            changed[names[name]] = values[value]
        for name, value in re.findall(r"if_not_exists\((#\w+), (:\w+)\)", UpdateExpression):
            changed.setdefault(names[name], values[value])
        if removed := re.search(r"REMOVE (#\w+(?:, #\w+)*)", UpdateExpression):
            for name in removed[1].split(", "):
                changed.pop(names[name], None)
        if added := re.search(r"ADD (.*)$", UpdateExpression):
            for name, value in re.findall(r"(#\w+) (:\w+)", added[1]):
                _add(changed, names[name], values[value])
        self._store(file_id, changed)
        return {"Attributes": dict(changed)}

    def _store(self, file_id: str, row: Item) -> None:
        self.history.append((self.rows.get(file_id), row))
        self.rows[file_id] = row

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        self.before()
        if self.down:
            raise client_error(self.down) if isinstance(self.down, str) else self.down

    def _file_id_of(self, Statement: str, Parameters: list[Any], **_: Any) -> str:
        before = Statement[: Statement.index("'file_id': ?" if "VALUE" in Statement else '"file_id" = ?')]
        return str(Parameters[before.count("?")]["S"])

    def _execute(self, Statement: str, Parameters: list[Any], **more: str) -> dict[str, Any]:
        if self.refuse:
            return {"Error": {"Code": self.refuse, "Message": "test"}}
        file_id = self._file_id_of(Statement, Parameters)
        if Statement.startswith("INSERT"):
            return self._insert(file_id, Statement, Parameters)
        return self._update(file_id, Statement, list(Parameters), **more)

    def _insert(self, file_id: str, statement: str, parameters: list[Any]) -> dict[str, Any]:
        if file_id in self.rows:
            return {"Error": {"Code": "DuplicateItem", "Message": "test"}}
        names = re.findall(r"'(\w+)': \?", statement)
        self._store(file_id, dict(zip(names, parameters, strict=True)))
        return {"TableName": "table"}

    def _update(
        self, file_id: str, statement: str, parameters: list[Any], ReturnValuesOnConditionCheckFailure: str
    ) -> dict[str, Any]:
        row = self.rows.get(file_id)
        failed: dict[str, Any] = {"Error": {"Code": "ConditionalCheckFailed", "Message": "test"}}
        if row is None:
            return failed
        changed = dict(row)
        for name, counted in re.findall(r'SET "(\w+)" = (?:"(\w+)" \+ )?\?', statement):
            value = parameters.pop(0)
            if counted:
                _add(changed, name, value)
            else:
                changed[name] = value
        for name in re.findall(r'REMOVE "(\w+)"', statement):
            changed.pop(name, None)
        assert parameters.pop(0) == {"S": file_id}
        starts = re.search(r'"status" IN \[(.*?)\]', statement)
        assert starts
        holds = row["status"] in [parameters.pop(0) for _ in range(starts[1].count("?"))]
        for name in re.findall(r'AND "(\w+)" = \?', statement):
            holds = row.get(name) == parameters.pop(0) and holds
        assert not parameters
        if not holds:
            failed["Error"]["Item"] = dict(row)
            return failed
        self._store(file_id, changed)
        return {"Item": dict(changed)} if "RETURNING ALL NEW *" in statement else {}


def _add(row: Item, name: str, value: Any) -> None:
    row[name] = {"N": str(int(row.get(name, {"N": 0})["N"]) + int(value["N"]))}


def _holds(condition: str, names: dict[str, str], values: Item, row: Item | None) -> bool:
    """Evaluate a condition expression by turning it into Python, term by term."""
    if row is None and "attribute_not_exists(file_id)" in condition:
        return True
    found = row or {}

    def member(match: re.Match[str]) -> str:
        wanted = [values[name] for name in match[2].split(", ")]
        return str(found.get(names[match[1]]) in wanted)

    def equal(match: re.Match[str]) -> str:
        return str(found.get(names[match[1]]) == values[match[2]])

    text = condition.replace("attribute_not_exists(file_id)", str(row is None))
    text = re.sub(r"attribute_not_exists\((#\w+)\)", lambda match: str(names[match[1]] not in found), text)
    text = re.sub(r"(#\w+) IN \(([^)]*)\)", member, text)
    text = re.sub(r"(#\w+) = (:\w+)", equal, text)
    assert set(re.findall(r"\w+", text)) <= {"True", "False", "AND", "OR"}, text
    return bool(eval(text.replace("AND", "and").replace("OR", "or")))
