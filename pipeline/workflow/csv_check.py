"""Checks that a stream of bytes is a CSV file of RFC 4180: a header, and as many fields in every record.

UTF-8, with or without a byte order mark; commas; quotes as in the RFC. https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from pipeline.workflow.errors import CsvInvalidError

_BUFFER_BYTES = 1024 * 1024
_MAX_LINE_CHARACTERS = 1024 * 1024
"""Longer lines are refused: memory must not depend on the file."""


def count_rows(raw: Any) -> int:
    """Return how many records follow the header.

    :param raw: a readable binary stream with `readinto`
    :raises CsvInvalidError: it is no such file, with the line
    """
    text = io.TextIOWrapper(io.BufferedReader(raw, _BUFFER_BYTES), encoding="utf-8-sig", newline="")
    reader = csv.reader(_lines(text), strict=True)
    try:
        return _count(reader)
    except csv.Error as exc:
        raise CsvInvalidError(f"line {reader.line_num}: {exc}") from exc
    except UnicodeDecodeError as exc:
        # Text is decoded in blocks, so it is somewhere behind the line that came last.
        raise CsvInvalidError(f"after line {reader.line_num}: {exc}") from exc


def _count(reader: Any) -> int:
    header = next(reader, None)
    if not header or not any(name.strip() for name in header):
        raise CsvInvalidError("line 1: there is no header")
    rows = 0
    for rows, record in enumerate(reader, start=1):  # noqa: B007  (the count after the loop)
        # A blank line is a record of one empty field.
        if (count := len(record) or 1) != len(header):
            raise CsvInvalidError(f"line {reader.line_num}: {count} fields, the header has {len(header)}")
    return rows


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_MAX_LINE_CHARACTERS + 1):
        if len(line) > _MAX_LINE_CHARACTERS:
            raise CsvInvalidError(f"a line has more than {_MAX_LINE_CHARACTERS} characters")
        yield line
