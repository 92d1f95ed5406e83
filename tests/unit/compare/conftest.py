"""A few synthetic runs that all tests of comparing share; nobody changes them."""

from __future__ import annotations

import pytest

from tests.unit.compare.runs import run


@pytest.fixture(scope="session")
def like(tmp_path_factory):
    """Six runs that differ by noise only."""
    root = tmp_path_factory.mktemp("like")
    return [run(root / f"like-{seed}", seed) for seed in range(6)]


@pytest.fixture(scope="session")
def slower(tmp_path_factory):
    """Three runs in which each handler takes 200 ms more."""
    root = tmp_path_factory.mktemp("slower")
    return [run(root / f"slower-{seed}", seed, delay_s=0.2) for seed in range(10, 13)]
