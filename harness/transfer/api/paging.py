"""`MaxResults` and `NextToken`. A token names the list it belongs to and the last item that was given, so it
stays good while items come and go, and is refused by any other list.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from harness.transfer.api.errors import bad_token

DEFAULT_PAGE = 1000
"""Also the most that `MaxResults` may ask for."""

_T = TypeVar("_T")


def page(
    request: dict[str, Any], listing: str, items: Sequence[_T], key: Callable[[_T], str]
) -> tuple[list[_T], dict[str, str]]:
    """Return one page of `items`, and `{"NextToken": …}` when there are more.

    :param listing: name of the list with all that chooses its items
    :param items: ordered by `key`
    :raises ApiError: the token is not one of this list
    """
    after, size = start(request, listing), limit(request)
    rest = [item for item in items if key(item) > after] if after else list(items)
    chosen = rest[:size]
    more = len(rest) > size
    return chosen, (token(listing, key(chosen[-1])) if more else {})


def limit(request: dict[str, Any]) -> int:
    """Return how many items the request wants at most."""
    return int(request.get("MaxResults", DEFAULT_PAGE))


def start(request: dict[str, Any], listing: str) -> str:
    """Return behind which item the page begins; "" for the first page.

    :raises ApiError: the token is not one of this list
    """
    given = request.get("NextToken")
    if given is None:
        return ""
    try:
        name, after = json.loads(base64.b64decode(given, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise bad_token() from None
    if name != listing or not isinstance(after, str):
        raise bad_token()
    return after


def token(listing: str, after: str) -> dict[str, str]:
    """Return the member that tells where the next page begins."""
    return {"NextToken": base64.urlsafe_b64encode(json.dumps([listing, after]).encode()).decode()}
