"""How a patch replaces what it patches.

Imports nothing of LocalStack, so that it can be tested without it.
"""

from __future__ import annotations

from typing import Any


class PatchTargetMissingError(AttributeError):
    """What a patch wants to replace is not there: the patched library has changed."""


def replace(owner: Any, name: str, replacement: Any) -> Any:
    """Set `owner.name` to `replacement` and return what was there.

    :param replacement: anything that can be called, or a `classmethod` or `staticmethod` of it

    :raises PatchTargetMissingError: there is nothing of that name to replace
    """
    if not hasattr(owner, name):
        raise PatchTargetMissingError(
            f"{_label(owner)} has no '{name}' any more: the patch must be looked at"
        )
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original


def _label(owner: Any) -> str:
    return str(getattr(owner, "__qualname__", None) or getattr(owner, "__name__", owner))
