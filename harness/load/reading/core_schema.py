"""What plain scalars of a workload file mean: the core schema of YAML 1.2.

PyYAML follows YAML 1.1, by which `1:30` is ninety, `010` is eight, `1_0` is ten, `yes` is true, and `1e3` is
a text. Editors that check against the published schema read YAML 1.2, and so do their users:
https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re

import yaml

_LONGEST_NUMBER = 400
"""Digits. A float has 309 before the point at most, and Python reads no integer of more than 4,300."""
_TAG = "tag:yaml.org,2002:"


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of the core schema; there are no dates and no merge keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (PyYAML copies it before it changes it)


def _int(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    text = _short(loader, node)
    base = {"0o": 8, "0x": 16}.get(text[:2])
    return int(text, 10) if base is None else int(text[2:], base)


def _float(loader: CoreLoader, node: yaml.ScalarNode) -> float:
    return float(_short(loader, node).lower().replace(".inf", "inf").replace(".nan", "nan"))


def _bool(loader: CoreLoader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node).lower() == "true"


def _short(loader: CoreLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    if len(text) > _LONGEST_NUMBER:
        raise yaml.constructor.ConstructorError(None, None, "the number is too long", node.start_mark)
    return text


# The first that matches counts: a text of digits is a float, too.
_SCALARS = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""], None),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"), _bool),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), list("-+0123456789"), _int),
    (
        "float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        list("-+.0123456789"),
        _float,
    ),
)
for _name, _pattern, _first, _constructor in _SCALARS:
    CoreLoader.add_implicit_resolver(_TAG + _name, _pattern, _first)
    if _constructor is not None:
        CoreLoader.add_constructor(_TAG + _name, _constructor)
