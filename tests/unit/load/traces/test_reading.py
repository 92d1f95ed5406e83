"""Files of three formats, each read to the same rows."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.exceptions import UsageError
from harness.load.profiles.model import Trace
from harness.load.traces.rows import BadCellError, BadRow, Row, seconds, size_of
from harness.load.traces.source import TooLateError, in_order, rows

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def read(path: Path, **fields: Any) -> list[Row | BadRow]:
    return list(rows(Trace.model_validate({"kind": "trace", "path": str(path)} | fields)))


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00+01:00", NOON),
        ("2026-03-01 12:00:00", NOON),
        (datetime(2026, 3, 1, 12), NOON),
        (str(NOON), NOON),
        (int(NOON * 1e3), NOON),
        (int(NOON * 1e6), NOON),
        (int(NOON * 1e9), NOON),
        ("12.5", 12.5),
        (0, 0.0),
    ],
)
def test_times(cell, expected):
    assert seconds(cell) == pytest.approx(expected)


@pytest.mark.parametrize("cell", ["", "noon", "nan", "inf", None, "2026-13-01", [], "1e300", -1e300])
def test_what_is_no_time(cell):
    with pytest.raises(BadCellError):
        seconds(cell)


@pytest.mark.parametrize("cell", ["-1", "1.5", "1KiB", "nan", [], "1e20"])
def test_what_is_no_size(cell):
    with pytest.raises(BadCellError):
        size_of(cell)


def test_csv(tmp_path):
    text = "customer,size_bytes,note,time\nacme,10,x,0\n\nbeta,,y,1.5\n,3,z,2\n"
    assert read(written(tmp_path, "a.csv", text)) == [
        Row(2, 0.0, 10, "acme"),
        Row(4, 1.5, None, "beta"),
        Row(5, 2.0, 3, None),
    ]


def test_columns_that_are_there_by_default_need_not_be_also_when_they_are_written_out(tmp_path):
    path = written(tmp_path, "a.csv", "time\n0\n")
    assert read(path, size="size_bytes", customer="customer") == [Row(2, 0.0)]


def test_csv_with_columns_of_other_names_and_a_byte_order_mark_packed(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("\ufeffwhen,length\n0,10\n".encode()))
    assert read(path, time="when", size="length") == [Row(2, 0.0, 10)]


def test_bad_rows_of_csv_are_told_with_their_lines(tmp_path):
    text = "time,size_bytes\n0,10\nsoon,10\n1,-5\n2\n3,4,5\n4,10\n"
    found = read(written(tmp_path, "a.csv", text))
    assert [row.number for row in found if isinstance(row, BadRow)] == [3, 4, 5, 6]
    assert [row.number for row in found if isinstance(row, Row)] == [2, 7]


@pytest.mark.parametrize(
    ("name", "text", "fields", "told"),
    [
        ("a.csv", "when\n0\n", {}, r"has no column 'time'; it has: when"),
        (
            "a.csv",
            "time\n0\n",
            {"size": "length", "customer": "who"},
            r"no column 'length' and no column 'who'",
        ),
        ("a.csv", "", {}, r"no column 'time'; it has: nothing"),
        ("a.parquet", "time\n0\n", {}, "cannot be read: "),
        ("a.csv.gz", "time\n0\n", {}, "cannot be read: "),
        ("a.txt", "time\n0\n", {}, "says nothing about its format"),
        ("a", "time\n0\n", {}, "says nothing about its format"),
        ("a.csv", "time,time\n0,1\n", {}, "more than one column 'time'"),
        ("a.csv", "time;size_bytes\n0;1\n", {}, "has no column 'time'"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, text, fields, told):
    with pytest.raises(UsageError, match=told) as error:
        read(written(tmp_path, name, text), **fields)
    assert error.value.hint


def test_an_open_quote_swallows_no_rows_in_silence(tmp_path):
    found = read(written(tmp_path, "a.csv", 'time,size_bytes,customer\n0,5,"a\n1,5,b\n2,5,c\n'))
    assert [type(row) for row in found] == [BadRow]
    assert "unexpected end of data" in found[0].problem  # type: ignore[union-attr]


def test_a_file_that_is_not_there_or_is_no_text(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"time\n\xff\xfe\n")
    with pytest.raises(UsageError, match=r"cannot be read: .*utf-8"):
        read(tmp_path / "b.csv")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet(tmp_path, unit):
    times = pa.array([int(NOON), None], pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp(unit, "UTC"))
    table = pa.table({"time": times, "size_bytes": pa.array([10, 20]), "customer": pa.array(["acme", None])})
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = read(tmp_path / "a.parquet")
    assert first == Row(1, NOON, 10, "acme")
    assert isinstance(second, BadRow)


def test_parquet_with_numbers_and_without_sizes(tmp_path):
    pq.write_table(pa.table({"time": pa.array([0.5, 1.5])}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == [Row(1, 0.5), Row(2, 1.5)]


CONNECTED = {"activity-type": "CONNECTED", "user": "acme", "session-id": "5f"}
OPEN = {"mode": "CREATE|TRUNCATE|WRITE", "path": "/b/k", "activity-type": "OPEN", "session-id": "5f"}
CLOSE = {"path": "/b/k", "activity-type": "CLOSE", "bytes-in": "121", "session-id": "5f"}
READ = {"path": "/b/r", "activity-type": "CLOSE", "bytes-out": "9", "session-id": "5f"}
GONE = {"activity-type": "DISCONNECTED", "session-id": "5f"}


def as_sftp_log(at: float, entry: dict[str, str]) -> str:
    return json.dumps({"at": datetime.fromtimestamp(at, UTC).isoformat(), **entry})


def as_filtered(at: float, entry: dict[str, str]) -> str:
    event = {"timestamp": round(at * 1000), "logStreamName": "acme.5f", "message": json.dumps(entry)}
    return json.dumps(event)


def as_exported(at: float, entry: dict[str, str]) -> str:
    return f"{datetime.fromtimestamp(at, UTC).isoformat()} {json.dumps(entry)}"


def as_tailed(at: float, entry: dict[str, str]) -> str:
    return f"{datetime.fromtimestamp(at, UTC).isoformat()} acme.5f {json.dumps(entry)}"


@pytest.mark.parametrize("form", [as_sftp_log, as_filtered, as_exported, as_tailed])
def test_a_log_of_transfer_family_in_each_form(tmp_path, form):
    entries = [CONNECTED, OPEN, CLOSE, READ, GONE]
    text = "\n".join(form(NOON + at, entry) for at, entry in enumerate(entries))
    assert read(written(tmp_path, "a.jsonl", text)) == [Row(3, NOON + 1, 121, "acme")]


@pytest.mark.parametrize("form", [as_filtered, as_tailed])
def test_a_log_that_begins_in_mid_session_names_the_user_by_its_stream(tmp_path, form):
    assert read(written(tmp_path, "a.log", form(NOON, CLOSE))) == [Row(1, NOON, 121, "acme")]


def test_an_upload_that_was_cut_off_is_an_arrival_too(tmp_path):
    text = as_exported(NOON, CLOSE | {"activity-type": "PARTIAL_CLOSE"})
    assert len(read(written(tmp_path, "a.log", text))) == 1


def test_lines_of_a_log_that_say_nothing_are_passed_over_and_broken_ones_told(tmp_path):
    lines = ["2026-03-01 12:00:00,168 INFO listens", "", as_exported(NOON, CLOSE)[:-4], json.dumps(CLOSE)]
    found = read(written(tmp_path, "a.log", "\n".join(lines)))
    assert [row.number for row in found] == [3, 4]
    assert all(isinstance(row, BadRow) for row in found)


def test_rows_that_come_late_are_put_in_order_and_ties_stay_as_they_came():
    times = [0.0, 2.0, 1.0, 1.0, 3.0, 2.5]
    found = list(in_order((Row(number, at) for number, at in enumerate(times)), 2))
    assert [row.number for row in found] == [0, 2, 3, 1, 5, 4]


def test_a_row_that_comes_later_than_that_is_an_error():
    with pytest.raises(TooLateError, match="row 3"):
        list(in_order((Row(number, at) for number, at in enumerate([1.0, 2.0, 3.0, 0.0])), 2))
