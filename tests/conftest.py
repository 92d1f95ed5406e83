"""What all tests share: how they are spread over processes (`pytest -n`)."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep tests together that share an engine or a stack: an e2e file is a group, and so is a folder of the
    other tiers. Without `-n` this changes nothing.
    """
    place = item.path.relative_to(TESTS)
    group = place if place.parts[0] == "e2e" else Path(*place.parts[:2])
    item.add_marker(pytest.mark.xdist_group(group.as_posix()))
