"""Reading rows of the table by key: never a scan."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.aws import translated
from harness.exceptions import SettleError
from harness.measure.packed.rows import PackedRows
from harness.measure.rows import COLUMNS, Row, batched, parse_row

BATCH_SIZE = 100
"""Keys in one BatchGetItem: AWS's own limit
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)."""
_ATTEMPTS = 10
_PARALLEL_CALLS = 4
_NAMES = {f"#{index}": name for index, name in enumerate(COLUMNS)}


class RowReader:
    """Reads rows of one table through a boto3 DynamoDB client; without a table (`""`) there are none."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def fetch(self, file_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Row]:
        """Return the rows that exist, by `file_id`.

        :param consistent: see every write that was finished before the call, at twice the price on AWS
        :raises StackLostError: the engine does not answer
        :raises AwsError: the table cannot be read
        :raises SettleError: keys stay unprocessed, or a row holds what is not a time or a number
        """
        rows: dict[str, Row] = {}
        for batch in batched(dict.fromkeys(file_ids) if self._table else (), BATCH_SIZE):
            rows.update(self._fetch_batch(batch, consistent=consistent))
        return rows

    def fetch_all(self, file_ids: Iterable[str]) -> PackedRows:
        """Like a consistent `fetch`, with a few calls at a time."""
        rows = PackedRows()
        if not self._table:
            return rows
        with ThreadPoolExecutor(_PARALLEL_CALLS, thread_name_prefix="rows") as pool:
            for windows in batched(batched(dict.fromkeys(file_ids), BATCH_SIZE), 100):
                asked = {file_id: file_id for batch in windows for file_id in batch}
                for found in pool.map(lambda batch: self._fetch_batch(batch, consistent=True), windows):
                    for file_id, row in found.items():
                        rows[asked.get(file_id, file_id)] = row  # one text of the id in memory, not two
        return rows

    def _fetch_batch(self, file_ids: Sequence[str], *, consistent: bool) -> dict[str, Row]:
        request = {self._table: _request(file_ids, consistent=consistent)}
        rows: dict[str, Row] = {}
        for attempt in range(_ATTEMPTS):
            with translated("reading rows of the table"):
                response = self._client.batch_get_item(RequestItems=request)
            for item in response["Responses"].get(self._table, ()):
                row = parse_row(item)
                rows[row.file_id] = row
            request = response.get("UnprocessedKeys") or {}
            if not request:
                return rows
            time.sleep(min(2.0, 0.05 * 2**attempt))
        raise SettleError(
            f"the table {self._table} left keys unprocessed {_ATTEMPTS} times",
            hint="The table is throttled: settle again later or raise its capacity.",
        )


def _request(file_ids: Sequence[str], *, consistent: bool) -> dict[str, Any]:
    return {
        "Keys": [{"file_id": {"S": file_id}} for file_id in file_ids],
        "ProjectionExpression": ", ".join(_NAMES),
        "ExpressionAttributeNames": _NAMES,
        "ConsistentRead": consistent,
    }
