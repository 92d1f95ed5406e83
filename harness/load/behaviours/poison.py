"""Files that the pipeline must refuse, and what of the pipeline refuses them.

| way | the file | refused by |
|---|---|---|
| `control_name` | its name holds a control character | Validate, `InvalidNameError` |
| `long_name` | its name has more than 255 bytes | Validate, `NameTooLongError` |
| `blank_name` | its name is a blank | Validate, `EmptyNameError` |
| `ragged_csv` | a record has too few fields | Process, with `Transform=csv`, `CsvInvalidError` |
| `marked_name` | its name ends in `.poison.csv` | nobody by itself: a fault rule, or handlers of your own |

Validate and Process are functions of the state machines, so of the routes `nested` and `queued-nested`. The
others copy whatever arrives; there a rule such as `s3.CopyObject[*/*.poison.csv]:AccessDenied` makes the
marked files fail in every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.load.behaviours.model import Poison, PoisonWay

MARK = ".poison"
_LONG_NAME_BYTES = 300
_DELETE = "\x7f"
"""The one control character of ASCII that XML 1.0 allows: S3 lists keys in XML."""
RAGGED_MIN_BYTES = 512
"""Less has no room for a header and a record."""
_CHECKING_ROUTES = frozenset({"nested", "queued-nested"})
_BY_NAME = frozenset({"control_name", "long_name", "blank_name"})


def renamed(path: str, way: PoisonWay) -> str:
    """Return `path`, which ends in `<ledger id>.csv`, with the name that this way asks for."""
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".csv")
    names = {
        "control_name": f"{stem}{_DELETE}.csv",
        "long_name": f"{stem}-{'x' * (_LONG_NAME_BYTES - len(stem) - len('-.csv'))}.csv",
        "blank_name": f"{stem}/ ",
        "marked_name": f"{stem}{MARK}.csv",
    }
    return f"{folder}/{names.get(way, name)}"


def unrefused(poison: Poison, route: str, parameters: Mapping[str, str], *, has_faults: bool) -> list[str]:
    """Return, in sentences, which files this workload calls poison and our own pipeline would deliver.

    :param parameters: of the template, as far as they are known
    :param has_faults: something is told to go wrong, which may be meant for these files
    """
    problems = []
    for way in poison.ways:
        if way in _BY_NAME and route not in _CHECKING_ROUTES:
            problems.append(f"{way}: the route {route} looks at no names (nested and queued-nested do)")
        if way == "ragged_csv" and (route not in _CHECKING_ROUTES or parameters.get("Transform") != "csv"):
            problems.append(
                f"{way}: only nested and queued-nested with --parameter Transform=csv look inside"
            )
        if way == "marked_name" and not has_faults:
            problems.append(
                f"{way}: needs a fault, such as --fault 's3.CopyObject[*/*{MARK}.csv]:AccessDenied'"
            )
    return problems
