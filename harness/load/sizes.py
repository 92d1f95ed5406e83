"""How big files are: a stated mix of size classes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from harness.load.randomness import stream

KIB = 1024
MIB = 1024 * KIB

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]

_UNITS = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3}
_UNITS |= {"KiB": KIB, "MiB": MIB, "GiB": 1024 * MIB}
_SIZE_PATTERN = r"(\d+(?:\.\d+)?) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)"


MAX_BYTES = 5 * 1024**4
"""What an S3 object can have at most: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""


def _in_bytes(value: Any) -> Any:
    """Return the number of bytes that a text stands for; other values are the model's to judge."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(_SIZE_PATTERN, value)
    if match is None:
        raise ValueError("a number of bytes is needed, or a text such as 64KiB")
    # Digits without end are infinity, which cannot be rounded.
    return round(min(float(match[1]) * _UNITS[match[2]], 2.0 * MAX_BYTES))


Bytes = Annotated[
    Annotated[int, Field(gt=0, le=MAX_BYTES, strict=True)],
    BeforeValidator(_in_bytes),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0, "maximum": MAX_BYTES},
                {"type": "string", "pattern": f"^{_SIZE_PATTERN}$"},
            ]
        }
    ),
]
"""A number of bytes, or a text such as `64 KiB` or `5GB`."""


class SizeClass(BaseModel):
    """One part of the mix: files between two sizes, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    min_bytes: Bytes
    """A number, or a text such as `64KiB` or `5GB`."""
    max_bytes: Bytes
    share: PositiveFloat = 1.0
    """Weight against the other classes of the mix."""
    spread: Literal["log_uniform", "uniform"] = "log_uniform"
    """`log_uniform`: as many files from 1 to 2 KiB as from 32 to 64 KiB, which is how real folders look."""

    @model_validator(mode="after")
    def _in_order(self) -> SizeClass:
        if self.max_bytes < self.min_bytes:
            raise ValueError(f"max_bytes {self.max_bytes} is below min_bytes {self.min_bytes}")
        return self

    def pick(self, position: float) -> int:
        """Return the size at `position` (0 up to, not including, 1) of this class."""
        low, high = self.min_bytes, self.max_bytes + 1
        if self.spread == "uniform":
            size = low + position * (high - low)
        else:
            size = low * math.exp(position * math.log(high / low))
        return min(int(size), self.max_bytes)


SMALL_CSV = (SizeClass(min_bytes=1 * KIB, max_bytes=64 * KIB),)
"""The default mix: 1 to 64 KiB, about 15 KiB on average."""


def sizes(mix: Sequence[SizeClass], seed: int) -> Iterator[int]:
    """Return the endless stream of sizes in bytes, one for each file in sequence."""
    rng = stream(seed, "sizes")
    cumulative = list(accumulate(size_class.share for size_class in mix))
    while True:
        # Two numbers for every file, also when one class would need only one: a mix with another class
        # keeps the positions of the files that stay in theirs.
        wanted, position = rng.random() * cumulative[-1], rng.random()
        index = next((i for i, bound in enumerate(cumulative) if wanted < bound), len(mix) - 1)
        yield mix[index].pick(position)
