"""What a test needs and this machine does not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip_unless_ci(message: str) -> NoReturn:
    """Skip the test; in CI, where nothing may be left out unseen, fail it.

    :param message: what is missing, and how to get it
    """
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
