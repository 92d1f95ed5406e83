"""How a test says which behaviour of AWS it tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

NAME = "behaviour"
_Test = TypeVar("_Test", bound=Callable[..., Any])


def behaviour(identifier: str, *, slow: bool = False) -> Callable[[_Test], _Test]:
    """Mark a test as that of one item of `harness/conformance/behaviours`.

    :param slow: it waits for something that takes its time, so it is started first
    """
    mark: Callable[[_Test], _Test] = getattr(pytest.mark, NAME)(identifier, slow=slow)
    return mark
