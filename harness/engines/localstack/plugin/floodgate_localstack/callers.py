"""Who makes a call: a function, the harness, or somebody else. Imports nothing of LocalStack.

A function is known by the access key id that its environment was given, the harness by its user agent.
"""

from __future__ import annotations

from collections.abc import Mapping

HARNESS_MARK = "floodgate-harness"
"""Part of the user agent of every client that the harness makes."""
HARNESS = "harness"
OTHER = "other"


class Callers:
    """Access key ids of the Lambda environments that there are."""

    def __init__(self) -> None:
        self._functions: dict[str, str] = {}

    def register(self, access_key_id: str, function: str) -> None:
        """Take note of an environment of a function."""
        self._functions[access_key_id] = function

    def forget(self, access_key_id: str) -> None:
        """Forget an environment; harmless when repeated."""
        self._functions.pop(access_key_id, None)

    def name_of(self, headers: Mapping[str, str]) -> str:
        """Return the name of the function that makes a call, `harness` or `other`."""
        function = self._functions.get(access_key_of(headers))
        if function is not None:
            return function
        return HARNESS if HARNESS_MARK in headers.get("User-Agent", "") else OTHER


def access_key_of(headers: Mapping[str, str]) -> str:
    """Return the access key id of a signed call, or an empty string."""
    return headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]


CALLERS = Callers()
"""Those of this LocalStack."""
