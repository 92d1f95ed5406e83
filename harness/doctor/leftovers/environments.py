"""Engine environments that newer ones have taken the place of, and that nothing runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.doctor.engines import environments
from harness.doctor.finding import Finding, ok, warning
from harness.environments.prune import superfluous
from harness.paths import environments_dir


def find() -> list[Path]:
    """Return them; never those that this Floodgate would use."""
    wanted = {
        environments.folder_of(layer) for kind in environments.KINDS for layer in environments.layers(kind)
    }
    return superfluous(environments_dir().resolve(), keep=wanted)


def look() -> Iterator[Finding]:
    """Look for them."""
    found = find()
    if not found:
        yield ok("leftovers.environments", "no engine environment is superfluous")
        return
    yield warning(
        "leftovers.environments",
        f"engine environments that nothing uses any more: {len(found)}, such as {found[0].name}",
        fix="floodgate doctor --fix deletes them; the next installation does it as well",
        mendable=True,
        folders=[str(folder) for folder in found],
    )
