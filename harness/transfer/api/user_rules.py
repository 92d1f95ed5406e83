"""What AWS asks of a service-managed user beyond the limits of single members.

https://docs.aws.amazon.com/transfer/latest/userguide/create-user.html
https://docs.aws.amazon.com/transfer/latest/userguide/logical-dir-mappings.html
Where AWS documents a rule without its error, the words are ours.
"""

from __future__ import annotations

import json
from itertools import pairwise

from harness.transfer.api.control import Control
from harness.transfer.api.errors import invalid, quota
from harness.transfer.model import MapEntry, User

_REFUSED_NAME = "root"
"""Names of one and two characters are refused, too; the pattern of `UserName` does that."""


def check(control: Control, user: User) -> None:
    """Hold a user who is going to be created or updated against all rules.

    :raises ApiError: one is broken
    """
    if user.UserName == _REFUSED_NAME:
        raise invalid(f"UserName must not be {_REFUSED_NAME}")
    _check_policy(user.Policy)
    if user.HomeDirectoryType == "PATH":
        if user.HomeDirectoryMappings:
            raise invalid("HomeDirectoryMappings can only be set when HomeDirectoryType is LOGICAL")
        return
    if not user.HomeDirectoryMappings:
        raise invalid("HomeDirectoryMappings must be set when HomeDirectoryType is LOGICAL")
    _check_mappings(control, user.HomeDirectoryMappings)
    _check_home(user)


def _check_policy(policy: str | None) -> None:
    """Whether IAM takes the policy shows when a session begins, as on AWS; that it is JSON shows here."""
    if policy is None:
        return
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        raise invalid("Policy must be a JSON document") from None
    if not isinstance(document, dict):
        raise invalid("Policy must be a JSON document")


def _check_mappings(control: Control, mappings: tuple[MapEntry, ...]) -> None:
    if len(mappings) > control.quotas.mappings_per_user:
        raise quota("home directory mappings", control.quotas.mappings_per_user)
    size_bytes = len(json.dumps([each.wire() for each in mappings]).encode())
    if size_bytes > control.quotas.mappings_bytes:
        raise quota("bytes of home directory mappings", control.quotas.mappings_bytes)
    for each in mappings:
        _check_path(each.Entry, "Entry")
        _check_path(each.Target, "Target")
        if each.Target == "/":
            raise invalid("Target of a mapping must begin with a bucket")
    entries = sorted(_folder(each.Entry) for each in mappings)
    _check_differ(entries)
    if not control.overlapping_mappings:
        _check_apart(entries)


def _check_path(path: str, name: str) -> None:
    """A slash at the end would be an authentication error at login."""
    parts = path[1:].split("/")
    if path != "/" and any(part in ("", ".", "..") for part in parts):
        raise invalid(f"{name} of a mapping must be a plain absolute path without a slash at its end: {path}")
    if "\0" in path:
        raise invalid(f"{name} of a mapping must not have a NUL character")


def _check_differ(entries: list[str]) -> None:
    for one, other in pairwise(entries):
        if one == other:
            raise invalid(f"Two mappings have the Entry {one.rstrip('/') or '/'}")


def _check_apart(entries: list[str]) -> None:
    """Entries end with a slash and are sorted, so one that lies inside another comes behind it."""
    outer = entries[0]
    for entry in entries[1:]:
        if entry.startswith(outer):
            inside = entry.rstrip("/")
            raise invalid(f"Mappings must not overlap: {inside} lies inside {outer.rstrip('/') or '/'}")
        outer = entry


def _check_home(user: User) -> None:
    """Without a home directory, and with `/`, the user begins in the root, mapped or not."""
    home = _folder(user.HomeDirectory or "/")
    if home == "/":
        return
    if not any(home.startswith(_folder(each.Entry)) for each in user.HomeDirectoryMappings):
        raise invalid(f"HomeDirectory {user.HomeDirectory} does not fall in any of HomeDirectoryMappings")


def _folder(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"
