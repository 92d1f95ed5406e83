from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def outside_of_github(monkeypatch):
    """A run of the tests in a GitHub workflow must not write into its job summary."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
