"""Every module in the registry of patches is there: LocalStack does not start with one that is missing."""

import re
from pathlib import Path

import pytest

from harness.environments.recipes import PLUGIN_DIR

pytestmark = pytest.mark.unit


def test_every_registered_module_exists():
    # Read as text: the module itself imports LocalStack, which is not installed here.
    text = (PLUGIN_DIR / "floodgate_localstack" / "patches.py").read_text()
    modules = re.findall(r'"(floodgate_localstack\.[\w.]+)"', text)
    assert modules
    missing = [
        name for name in modules if not (PLUGIN_DIR / Path(*name.split("."))).with_suffix(".py").exists()
    ]
    assert missing == []
