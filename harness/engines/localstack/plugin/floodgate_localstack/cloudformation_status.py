"""A stack is complete when everything of it can be read.

LocalStack 4.14.0 sets the status of a stack first, and its outputs, exports and template afterwards. Who asks
in between gets a stack without outputs, or has an update without a change taken for one with changes.

Imports LocalStack only to patch it, so that the rest can be tested without it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from floodgate_localstack.patching import replace
from floodgate_localstack.versions import named_patch

COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_WORK = threading.local()


def status_last(set_status: Callable[..., None]) -> Callable[..., None]:
    """Make `Stack.set_stack_status` keep back that a stack is complete, inside the work on it."""

    @functools.wraps(set_status)
    def set_stack_status(stack: Any, status: Any, *args: Any, **kwargs: Any) -> None:
        kept: dict[int, Callable[[], None]] | None = getattr(_WORK, "kept", None)
        if kept is not None and status in COMPLETE:
            kept[id(stack)] = functools.partial(set_status, stack, status, *args, **kwargs)
            return
        if kept is not None:
            kept.pop(id(stack), None)  # it has failed after all
        set_status(stack, status, *args, **kwargs)

    return set_stack_status


def work_on_a_stack(run: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that works on a stack set at its end what it keeps back."""

    @functools.wraps(run)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        kept: dict[int, Callable[[], None]] = {}
        _WORK.kept = kept
        try:
            return run(*args, **kwargs)
        finally:
            _WORK.kept = None
            for set_status in kept.values():
                set_status()

    return wrapped


@named_patch("cloudformation-status", unneeded=frozenset({"4.9.2"}))
def apply() -> None:
    """Patch the provider that 4.14.0 uses; all of its work on stacks is done in such threads."""
    from localstack.services.cloudformation.v2 import entities, provider

    def start_worker_thread(run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return original(work_on_a_stack(run), *args, **kwargs)

    original = replace(provider, "start_worker_thread", start_worker_thread)
    replace(entities.Stack, "set_stack_status", status_last(entities.Stack.set_stack_status))
