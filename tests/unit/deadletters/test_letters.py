"""Dead letters of a pipeline without a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.deadletters.letters import rows_of
from tests.unit.measure.builders import DESCRIPTION

pytestmark = pytest.mark.unit


def test_without_a_table_no_row_is_asked_for() -> None:
    """A table of no name would be refused by the client."""
    assert rows_of(replace(DESCRIPTION, table=""), ["0" * 32]) == {}
