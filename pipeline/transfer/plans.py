"""How a copy is to be made: under which condition, and in how many parts.

`IfMatch` compares ETags, and an ETag tells content, not identity. Where a key is uploaded twice with the same
bytes, the copy of the second upload would have the ETag of the first, and of two workers that both saw the
first one, both would replace it. So a copy that replaces something is made in another number of parts when
its ETag could be the same: the number is part of the ETag (`…-3`), and an object copied whole has none.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.common.events import Upload
from pipeline.common.settings import CopySettings
from pipeline.transfer.destination import Occupant

MAX_PARTS = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


@dataclass(frozen=True)
class Plan:
    """One way to make a copy."""

    condition: Mapping[str, str]
    """`IfNoneMatch` or `IfMatch` on the destination."""
    part_size_bytes: int | None
    """`None` copies the object whole, by one `CopyObject`."""


def is_large(upload: Upload, settings: CopySettings) -> bool:
    """Tell whether an object must be copied by parts."""
    return upload.size_bytes > settings.multipart_threshold_bytes


def for_empty_place(upload: Upload, settings: CopySettings) -> Plan:
    """Return the plan where nothing is known to be at the destination."""
    return Plan({"IfNoneMatch": "*"}, _usual_part_size(upload, settings))


def for_replacing(upload: Upload, occupant: Occupant, settings: CopySettings) -> Plan:
    """Return the plan for a copy over `occupant`, with an ETag that is not the occupant's."""
    part_size = _usual_part_size(upload, settings)
    if part_size is None:
        if _whole_copy_could_have(occupant.etag, upload):
            part_size = max(1, upload.size_bytes)
    elif (count := math.ceil(upload.size_bytes / part_size)) == _part_count(occupant.etag):
        part_size = math.ceil(upload.size_bytes / (count - 1)) if count > 1 else None
    return Plan({"IfMatch": occupant.etag}, part_size)


def _usual_part_size(upload: Upload, settings: CopySettings) -> int | None:
    if not is_large(upload, settings):
        return None
    return max(settings.part_size_bytes, math.ceil(upload.size_bytes / MAX_PARTS))


def _whole_copy_could_have(etag: str, upload: Upload) -> bool:
    """Tell whether `CopyObject` could give the copy this ETag.

    It keeps the ETag of what was uploaded whole; what was uploaded by parts gets a new one that is not known
    before, without a number of parts.
    """
    return etag.strip('"') == upload.etag or (_part_count(upload.etag) > 0 and _part_count(etag) == 0)


def _part_count(etag: str) -> int:
    """Return the number at the end of an ETag, 0 for that of an object that is not made of parts."""
    _, _, count = etag.strip('"').partition("-")
    return int(count) if count.isdigit() else 0
