"""How often one connection may try to log in."""

from __future__ import annotations

_WELCOMES_PER_ATTEMPT = 2
"""A client may ask whether a key is welcome before it signs; one that never signs rightly is stopped too."""


class AttemptLimit:
    """Counts each request when it arrives, so that one which the client gives up for the next counts too.

    :param allowed: failures after which the connection ends
    """

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._failures = 0
        self._welcomes = 0
        self._asked_for_methods = False

    def begin(self, method: str) -> bool:
        """Count a request; False when there were too many before it. The first `none` is free: by it, clients
        ask which methods there are.
        """
        if method == "none" and not self._asked_for_methods:
            self._asked_for_methods = True
            return True
        if self.are_spent:
            return False
        self._failures += 1
        return True

    def welcome(self) -> None:
        """The request under way was no failure after all: the key is one of the user's."""
        self._failures -= 1
        self._welcomes += 1

    @property
    def are_spent(self) -> bool:
        return self._failures >= self._allowed or self._welcomes > _WELCOMES_PER_ATTEMPT * self._allowed
