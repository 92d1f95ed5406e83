"""The conformance tables name tests that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
TABLES = [
    ROOT / "harness/sftp/README.md",
    ROOT / "harness/sftp/records/README.md",
    ROOT / "harness/transfer/README.md",
]


def _functions() -> Iterator[tuple[str, str]]:
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield path.stem, node.name.removeprefix("test_")


FUNCTIONS = frozenset(_functions())
MODULES = frozenset(path.stem for path in [*TESTS.rglob("test_*.py"), *(ROOT / "benchmarks").glob("*.py")])
FOLDERS = frozenset(path.name for path in TESTS.rglob("*") if path.is_dir())


def _cells(table: Path) -> Iterator[str]:
    """Cells of the columns `test`."""
    column = None
    for line in table.read_text().splitlines():
        cells = [cell.strip() for cell in line.replace("\\|", "/").split("|")[1:-1]]
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = cells.index("test") if "test" in cells else -1
        elif column >= 0 and not cells[0].startswith("---"):
            yield cells[column]


def _exists(quoted: str) -> bool:
    name = quoted.rstrip("/")
    if name in MODULES | FOLDERS or (TESTS / name).exists() or (ROOT / name).exists():
        return True
    return any(TESTS.glob(f"**/{name}.py"))


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.parent.name)
def test_every_test_that_a_readme_names_exists(table: Path) -> None:
    quoted = re.findall(r"`((?:test_|tests/|unit/|integration/|e2e/)[\w/.]+)`", table.read_text())
    assert [name for name in quoted if not _exists(name)] == []


def _missing(reference: str) -> Iterator[str]:
    """Find what is not there of, for example, "i `test_wire`: what_is_shown, what_is_not". A name may be cut
    short; where it stands behind that of a module, it is in this one.
    """
    quoted = re.findall(r"`([^`]+)`", reference)
    yield from (name for name in quoted if not _exists(name))
    stems = [Path(name).stem for name in quoted] if "`: " in reference else []
    modules = [stem for stem in stems if stem.startswith("test_")]
    for word in re.findall(r"\b\w+_\w+\b", re.sub(r"`[^`]+`|\([^)]*\)", "", reference)):
        if not any(
            name.startswith(word) and (module in modules or not modules) for module, name in FUNCTIONS
        ):
            yield word


@pytest.mark.parametrize("table", TABLES[:2], ids=lambda path: path.parent.name)
def test_every_row_of_a_conformance_table_names_tests_that_exist(table: Path) -> None:
    cells = list(_cells(table))
    assert len(cells) > 10
    assert [name for cell in cells for part in cell.split(" · ") for name in _missing(part)] == []
