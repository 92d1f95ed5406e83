"""Numbers and foreign text made readable and harmless.

Keys and error messages come from the run, so they may hold anything. `printable` makes them safe to look at;
escaping for HTML, Markdown or XML comes on top of it.
"""

from __future__ import annotations

import math
import re
import unicodedata

NO_SAMPLES = "no samples"
UNKNOWN = "not measured"
NO_VALUE = "\u2013"
"""An empty cell: an en dash."""

_KEPT_FORMAT_CHARACTERS = {"\u200d", "\u200c"}  # joiners, which emoji and some scripts are written with
_UNPRINTABLE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def printable(text: str) -> str:
    """Show as escapes what has no shape of its own: controls, line breaks, direction overrides."""
    return _SUSPECT.sub(lambda match: _visible(match.group()), text)


def _visible(char: str) -> str:
    hidden = unicodedata.category(char) in _UNPRINTABLE_CATEGORIES and char not in _KEPT_FORMAT_CHARACTERS
    return char.encode("unicode_escape").decode("ascii") if hidden else char


def shortened(text: str, limit: int) -> str:
    """Cut out the middle of a long text; the ends are what tells keys apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[-(limit - 1 - head) :]}"


def count(value: int) -> str:
    return f"{value:,}"


def files(value: int) -> str:
    """Return `1 file`, `1,392 files`."""
    return f"{value:,} file{'' if value == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Return e.g. `850 ms`, `12.4 s`, `2 min 05 s`, `3 h 20 min`."""
    if seconds is None:
        return NO_SAMPLES
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 0.9995:
        return f"{_three_digits(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def milliseconds(value: float | None) -> str:
    """Return a latency with the unit that suits it; negative values stay visible."""
    return NO_SAMPLES if value is None else duration(value / 1000)


def milliseconds_cell(value: float | None) -> str:
    """Return a number in milliseconds for a column whose head names the unit."""
    if value is None:
        return NO_VALUE
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def rate(per_second: float | None) -> str:
    return NO_SAMPLES if per_second is None else f"{_three_digits(per_second)} files/s"


def size(value: float | None, unit: str = "B") -> str:
    """Return bytes in binary units; `unit` names the unit of `value`, `B` or `MiB`."""
    if value is None:
        return UNKNOWN
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    position = units.index(unit)
    while abs(value) >= 1024 and position < len(units) - 1:
        value, position = value / 1024, position + 1
    return f"{value:,.0f} B" if units[position] == "B" else f"{_three_digits(value)} {units[position]}"


def cpu_seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{_three_digits(value)} s"


def quantity(value: float | None, unit: str) -> str:
    """Return a threshold's value in the threshold's own unit, e.g. `1.42 s`, `11.6/s`, `0`."""
    if value is None:
        return NO_SAMPLES
    number = f"{value:,.0f}" if float(value).is_integer() else _three_digits(value)
    return f"{number}{unit}" if unit.startswith("/") else f"{number} {unit}".rstrip()


def signed(value: float | None) -> str:
    """Return a change with its sign, e.g. `+12.5`, `-0.03`, `0`."""
    if value is None:
        return UNKNOWN
    return "0" if value == 0 else f"{'+' if value > 0 else '-'}{_three_digits(abs(value))}"


def amount(value: float | None, unit: str) -> str:
    """Return a number with its unit, e.g. `410 MiB`."""
    return UNKNOWN if value is None else f"{_three_digits(value)} {unit}".rstrip()


def sentence(words: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}." if words else ""


def _three_digits(value: float) -> str:
    """Round to about three significant digits, without an exponent."""
    magnitude = abs(value)
    decimals = 0 if magnitude >= 99.95 else 1 if magnitude >= 9.995 else 2
    if 0 < magnitude < 0.1:
        decimals = 1 - math.floor(math.log10(magnitude))
    return f"{value:,.{decimals}f}"
