"""How many AWS calls a file costs, by the engine's own count."""

from __future__ import annotations

from collections.abc import Mapping

Calls = Mapping[str, int]
"""`s3.CopyObject` and the like to how often it was called."""


def per_file(before: Calls | None, after: Calls | None, files: int) -> dict[str, float] | None:
    """Return what was called in between, by call and for each file.

    `None` where the engine does not count, or where there is no file to divide by.

    :param files: uploaded files
    """
    if before is None or after is None or not files:
        return None
    called = {name: after[name] - before.get(name, 0) for name in sorted(after)}
    return {name: round(count / files, 3) for name, count in called.items() if count > 0}
