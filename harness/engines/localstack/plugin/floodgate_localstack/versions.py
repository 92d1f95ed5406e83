"""Which LocalStack is installed, and the guard that keeps patches off versions they were not made for.

Imports nothing of LocalStack, so that it can be tested without it.
"""

import functools
import logging
import os
from collections.abc import Callable
from importlib import metadata

LOG = logging.getLogger(__name__)

KNOWN_VERSIONS = frozenset({"4.9.2", "4.14.0"})
"""Releases whose code the patches were made for; the tests run on the one that is for their Python."""

SKIPPED_VARIABLE = "FLOODGATE_SKIP_PATCHES"
"""Names of patches to leave out, separated by commas: to measure what one saves, or to find one at fault."""


def installed_version() -> str:
    """The version of localstack-core in this environment; raises PackageNotFoundError where there is none."""
    return metadata.version("localstack-core")


def named_patch(
    name: str, *, versions: frozenset[str] = KNOWN_VERSIONS, unneeded: frozenset[str] = frozenset()
) -> Callable[[Callable[[], None]], Callable[[], bool]]:
    """Make a function that patches LocalStack into one that does so only on `versions`.

    The wrapped function returns whether the patch was applied. A version that is not known is left as it is,
    with a warning: a patch against changed code does silent harm, a missing one is visible.

    :param unneeded: releases that behave as AWS does without the patch
    """

    def decorate(patch: Callable[[], None]) -> Callable[[], bool]:
        @functools.wraps(patch)
        def guarded() -> bool:
            version = installed_version()
            if name in os.environ.get(SKIPPED_VARIABLE, "").split(","):
                LOG.warning("Floodgate's patch '%s' was left out, as %s says", name, SKIPPED_VARIABLE)
                return False
            if version in unneeded:
                return False
            if version not in versions:
                LOG.warning(
                    "Floodgate's patch '%s' was skipped: made for LocalStack %s, this is %s. "
                    "What it corrects differs from AWS here.",
                    name,
                    ", ".join(sorted(versions)),
                    version,
                )
                return False
            patch()
            LOG.debug("Floodgate's patch '%s' applied to LocalStack %s", name, version)
            return True

        return guarded

    return decorate
