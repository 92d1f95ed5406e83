"""Which delivered bytes are read back and hashed: all of a short run, a stated share of a long one.

Reading back costs the engine as much as a download, so the number is bounded. What is not read is compared by
what S3 says of it without a further call: its size, and its ETag where that is the MD5 of the bytes on both
sides (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html: not of a multipart upload, and not
under SSE-KMS). What does not agree is read first. Where that proves sound all the same (a pipeline that
compresses, a bucket under SSE-KMS), sizes and ETags tell nothing, and the sample alone speaks.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.measure.joining import Joined, Upload
from harness.measure.packed.versions import PackedVersions
from harness.measure.records import Check
from harness.measure.versions import ObjectVersion

MOST = 5_000
"""Files that are read back unless told otherwise: about 20 s of one engine's time. None of so many bad means,
with 95 % confidence, less than 0.06 % bad among all (the rule of three)."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """How many files are read back at most (of those that agree, and again of those that do not)."""

    most: int | None = MOST
    """`None` reads all of them."""
    seed: int = 0


EVERYTHING = ReadBack(most=None)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to read back of a run's versions."""

    suspects: Sequence[ObjectVersion]
    """Size or ETag differ."""
    sample: Sequence[ObjectVersion]
    """Drawn from those that agree; all of them in a short run."""
    left_out: Sequence[ObjectVersion]
    """The rest of the suspects: what is to be said of them depends on what is found."""
    is_sample: bool
    """Not everything is read."""

    @property
    def versions(self) -> list[ObjectVersion]:
        return [*self.suspects, *self.sample]


def choose(joined: Joined, destination: PackedVersions, limit: ReadBack) -> Choice:
    """Draw the sample; files are counted by keys."""
    if limit.most is None or len(destination) <= limit.most:
        return Choice((), _versions(destination, destination), (), is_sample=False)
    agreeing: list[str] = []
    suspects: list[str] = []
    for key in destination:
        (agreeing if _agrees(key, joined, destination) else suspects).append(key)
    draw = random.Random(limit.seed)  # noqa: S311  (not for secrets)
    sample = agreeing if len(agreeing) <= limit.most else draw.sample(agreeing, limit.most)
    draw.shuffle(suspects)
    return Choice(
        suspects=_versions(destination, suspects[: limit.most]),
        sample=_versions(destination, sample),
        left_out=_versions(destination, suspects[limit.most :]),
        is_sample=True,
    )


def _agrees(key: str, joined: Joined, destination: PackedVersions) -> bool:
    """Tell whether all versions of a key agree with an upload of it."""
    upload, facts = joined.by_key.only(key), destination.facts(key)
    if upload is not None and facts is not None:
        return _compared(*facts, upload) is not None
    uploads = joined.by_key[key]
    return all(any(agreement(version, each) for each in uploads) for version in destination.peek(key))


def _versions(destination: PackedVersions, keys: Iterable[str]) -> list[ObjectVersion]:
    return [version for key in keys for version in destination[key]]


def judge_left_out(choice: Choice, joined: Joined) -> None:
    """Say what is known of suspects that were not read, by what those are that were."""
    hashes_of = ((version, joined.by_key[version.key]) for version in choice.suspects)
    if any(_is_sound(version, uploads) for version, uploads in hashes_of):
        for version in choice.left_out:
            version.check = Check.SAMPLE
        return
    for version in choice.left_out:
        if _size_agrees(version, joined.by_key[version.key]):
            version.damage = "its ETag is not that of the uploaded object, and others like it are damaged"


def agreement(version: ObjectVersion, upload: Upload) -> Check | None:
    """Return in what a version agrees with an upload of its key."""
    return _compared(version.size_bytes, version.md5, upload)


def _compared(size_bytes: int, md5: int | None, upload: Upload) -> Check | None:
    if upload.entry.size_bytes != size_bytes:
        return None
    if upload.md5 is None or md5 is None:
        return Check.SIZE
    return Check.ETAG if upload.md5 == md5 else None


def _size_agrees(version: ObjectVersion, uploads: Iterable[Upload]) -> bool:
    return any(upload.entry.size_bytes == version.size_bytes for upload in uploads)


def _is_sound(version: ObjectVersion, uploads: Iterable[Upload]) -> bool:
    return version.damage is None and any(
        upload.entry.sha256 is not None and upload.entry.sha256 == version.sha256 for upload in uploads
    )
