"""Reading files of JSON lines that another process is still writing.

A line counts once its newline is there. What follows the last newline may be torn (the writer was killed
in the middle of a write) and is then left out; damage anywhere else is an error, because a line that cannot
be read may be a file that cannot be counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from harness.exceptions import SettleError

_NEWLINE = ord("\n")


@dataclass(slots=True)
class Line:
    """One JSON object and where it stands, for messages. Not frozen, which is slow: there are millions."""

    data: dict[str, Any]
    path: Path
    number: int

    @property
    def place(self) -> str:
        return f"{self.path.name}, line {self.number}"

    def field(self, name: str) -> Any:
        """Return a field that must be there; raises `SettleError`."""
        try:
            return self.data[name]
        except KeyError as exc:
            raise self.lacks(exc) from None

    def lacks(self, missing: KeyError) -> SettleError:
        """Return what to raise where a field that must be there is not."""
        return SettleError(f"{self.place}: the field {missing.args[0]!r} is missing")


class JsonlTail:
    """Hands out each whole line of one file once, however often it is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = False
        """Set by `finish`: the file ends in the middle of a line."""
        self._offset_bytes = 0
        self._line_number = 0

    def read(self) -> Iterator[Line]:
        """Yield the lines that were completed since the last call; nothing while the file is absent.

        :raises SettleError: a complete line is not a JSON object, or the file cannot be read
        """
        path, parse = self.path, self._parse
        try:
            with path.open("rb") as file:
                file.seek(self._offset_bytes)
                for raw in file:
                    if raw[-1] != _NEWLINE:
                        return
                    self._offset_bytes += len(raw)
                    self._line_number += 1
                    if not raw.isspace():
                        yield Line(parse(raw), path, self._line_number)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise SettleError(f"{self.path.name} cannot be read: {exc}") from exc

    def finish(self) -> Iterator[Line]:
        """Yield what is left when the writer has ended, also a last line that lacks only its newline."""
        yield from self.read()
        rest = self._rest()
        if not rest.strip():
            return
        try:
            data = json.loads(rest)
        except ValueError:
            self.torn = True
            return
        if isinstance(data, dict):
            self._offset_bytes += len(rest)
            yield Line(data, self.path, self._line_number + 1)
        else:
            self.torn = True

    def _rest(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset_bytes)
                return file.read()
        except FileNotFoundError:
            return b""

    def _parse(self, raw: bytes) -> dict[str, Any]:
        try:
            # A quarter of the time of `json.loads`.
            data = from_json(raw, cache_strings="keys")
        except ValueError:
            data = self._parse_thoroughly(raw)
        if not isinstance(data, dict):
            raise self._damage("not a JSON object")
        return data

    def _parse_thoroughly(self, raw: bytes) -> Any:
        """The last word on a line: it understands lone surrogates, of names that were never valid UTF-8."""
        try:
            return json.loads(raw.decode())
        except ValueError as exc:
            raise self._damage(str(exc)) from exc

    def _damage(self, what: str) -> SettleError:
        return SettleError(
            f"{self.path.name}, line {self._line_number} is damaged: {what}",
            hint="The file was changed or damaged after the run; settle again from an intact copy.",
        )
