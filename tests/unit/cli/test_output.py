"""A reader that goes away ends neither the command nor its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from harness.cli import output

pytestmark = pytest.mark.unit


@contextmanager
def without_a_reader(name: str) -> Iterator[None]:
    """Put a pipe that nobody reads in the place of `sys.stdout` or `sys.stderr`."""
    reading, writing = os.pipe()
    os.close(reading)
    before = getattr(sys, name)
    with os.fdopen(writing, "w") as pipe:
        setattr(sys, name, pipe)
        try:
            yield
        finally:
            setattr(sys, name, before)


@pytest.mark.parametrize(("name", "make"), [("stdout", output.results), ("stderr", output.messages)])
def test_printing_to_nobody_goes_on_in_silence(name: str, make: type[Console]) -> None:
    with without_a_reader(name):
        console = make()
        console.print("one")
        console.print("two")
        assert console.quiet
