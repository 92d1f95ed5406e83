"""Tags of servers, users, host keys and workflows, by their ARN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.transfer.api import paging
from harness.transfer.api.control import Control
from harness.transfer.api.errors import invalid, quota, unknown
from harness.transfer.model import Record

_RESERVED = "aws:"
"""Only AWS itself may set tags that begin so: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""


def tag_resource(control: Control, request: dict[str, Any]) -> None:
    _check_resource(control, request["Arn"])
    put(control, request["Arn"], request["Tags"])


def untag_resource(control: Control, request: dict[str, Any]) -> None:
    _check_resource(control, request["Arn"])
    control.store.delete_tags(request["Arn"], request["TagKeys"])


def list_tags_for_resource(control: Control, request: dict[str, Any]) -> dict[str, Any]:
    """The API has no not-found error here."""
    arn = request["Arn"]
    if not _exists(control, arn):
        raise invalid(f"Unknown resource: {arn}")
    listed = sorted(control.tag_list(arn), key=lambda tag: tag["Key"])
    chosen, token = paging.page(request, f"tags of {arn}", listed, lambda tag: tag["Key"])
    return {"Arn": arn, "Tags": chosen, **token}


def put(control: Control, arn: str, tags: list[dict[str, str]]) -> None:
    """Set tags.

    :raises ApiError: a key is reserved or given twice, or there would be too many
    """
    given = {tag["Key"]: tag["Value"] for tag in tags}
    if len(given) != len(tags):
        raise invalid("Duplicate tag keys are not allowed")
    if any(key.lower().startswith(_RESERVED) for key in given):
        raise invalid(f"Tag keys that begin with {_RESERVED} are reserved")
    if len({**control.store.tags(arn), **given}) > control.quotas.tags_per_resource:
        raise quota("tags of the resource", control.quotas.tags_per_resource)
    if given:
        control.store.put_tags(arn, given)


def _check_resource(control: Control, arn: str) -> None:
    if not _exists(control, arn):
        raise unknown("Resource", arn)


def _exists(control: Control, arn: str) -> bool:
    """Tell whether there is a resource of this ARN, in this account and region."""
    kind, _, name = arn.removeprefix(control.account.arn("")).partition("/")
    parent, _, child = name.partition("/")
    store = control.store
    look: dict[str, Callable[[], Record | None]] = {
        "server": lambda: store.server(name),
        "user": lambda: store.user(parent, child),
        "host-key": lambda: store.host_key(parent, child),
        "workflow": lambda: store.workflow(name),
    }
    return kind in look and look[kind]() is not None
