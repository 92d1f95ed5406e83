"""Which operations AWS has, from the service models that botocore carries."""

from __future__ import annotations

import difflib
from functools import lru_cache

import botocore.exceptions
import botocore.session

_STEP_FUNCTIONS = "stepfunctions"
_ALIASES = {"states": _STEP_FUNCTIONS, "eventbridge": "events"}
"""Names that AWS uses elsewhere (ARNs, documentation) to the ones of the SDK."""


def service_name(name: str) -> str:
    """Return the SDK's name of a service."""
    return _ALIASES.get(name, name)


@lru_cache(maxsize=32)
def operations_of(service: str) -> frozenset[str]:
    """Return the operations of a service by its name in the SDK; empty where there is no such service."""
    try:
        model = botocore.session.Session().get_service_model(service)
    except botocore.exceptions.UnknownServiceError:
        return frozenset()
    return frozenset(model.operation_names)


@lru_cache(maxsize=1)
def services() -> frozenset[str]:
    """Return the names of all services in the SDK."""
    return frozenset(botocore.session.Session().get_available_services())


def similar(name: str, names: frozenset[str]) -> str:
    """Return `; did you mean …?` for the nearest of `names`, or nothing."""
    by_lower = {one.lower(): one for one in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""
