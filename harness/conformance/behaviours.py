"""What AWS does, item by item, and which engine does something else: the data of the conformance suite.

Each file in `behaviours/` is one area. An item names the behaviour in one sentence, where AWS documents it,
and the engines that differ, each with the reason. `tests/conformance` has one test for each item. On an
engine that is listed in `differs` that test must fail, on every other pass. So the list can neither be too
long nor too short for what is tested.

An engine is written as `--engine` takes it (`localstack`, `localstack:docker`, `ministack`), with two
additions: a name without a mode stands for all of its modes (`localstack:host` for the host process alone),
and `@4.14.0` at the end for that version alone.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "behaviours"
AREAS = (
    "s3-events",
    "s3",
    "eventbridge",
    "sqs",
    "esm",
    "lambda",
    "stepfunctions",
    "dynamodb",
    "logs",
    "cloudwatch",
    "cloudformation",
)
"""The files in `FOLDER`, in the order in which they are shown."""
DEFAULT_MODE = "host"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""As safe as `yaml.safe_load`, and several times as fast."""


@dataclass(frozen=True)
class Behaviour:
    """One thing that AWS does.

    :param id: `<area's file>.<what>`
    :param area: title of the area
    :param source: address of AWS's documentation of it
    :param differs: engine to the sentence that says what happens there instead
    """

    id: str
    area: str
    behaviour: str
    source: str
    differs: Mapping[str, str] = field(default_factory=dict)

    def difference(self, label: str, version: str | None = None) -> str | None:
        """Return what an engine does instead; None where it does as AWS does.

        :param label: the engine as `--engine` takes it
        :param version: of the engine; None takes differences of all versions, and names the version in them
        """
        for key, sentence in self.differs.items():
            engine, _, only_version = key.partition("@")
            if not _is_meant(engine, label) or (only_version and version and version != only_version):
                continue
            return sentence if version or not only_version else f"{sentence} (version {only_version})"
        return None


def _is_meant(written: str, label: str) -> bool:
    name, _, mode = written.partition(":")
    label_name, _, label_mode = label.partition(":")
    return name == label_name and mode in {"", label_mode or DEFAULT_MODE}


@functools.cache
def behaviours() -> tuple[Behaviour, ...]:
    """Return all items, area by area."""
    return tuple(item for area in AREAS for item in _read(FOLDER / f"{area}.yaml"))


def find(identifier: str) -> Behaviour:
    """Return one item. Raises KeyError where there is none of that id."""
    return _by_id()[identifier]


@functools.cache
def _by_id() -> dict[str, Behaviour]:
    return {item.id: item for item in behaviours()}


def _read(path: Path) -> list[Behaviour]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    return [Behaviour(area=content["area"], **item) for item in content["behaviours"]]
