"""What the Makefile calls exists: newcomers run it first, and no other test goes through it."""

import importlib.util
import re
from pathlib import Path

import pytest

from harness.cli.app import app

pytestmark = pytest.mark.unit

MAKEFILE = (Path(__file__).parents[3] / "Makefile").read_text()


def test_every_floodgate_command_exists():
    called = set(re.findall(r"\$\(BIN\)/floodgate (\w+)", MAKEFILE))
    assert called
    assert called <= {command.name for command in app.registered_commands}


def test_every_module_can_be_run():
    modules = set(re.findall(r"\$\(BIN\)/python -m ([\w.]+)", MAKEFILE))
    assert modules
    for module in modules - {"pip"}:
        spec = importlib.util.find_spec(module)
        assert spec is not None, module
        if spec.submodule_search_locations is not None:
            assert importlib.util.find_spec(f"{module}.__main__") is not None, module
