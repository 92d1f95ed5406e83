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


def _functions() -> Iterator[str]:
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield node.name.removeprefix("test_")


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
    return name in MODULES | FOLDERS or (TESTS / name).exists() or (ROOT / name).exists()


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.parent.name)
def test_every_test_that_a_readme_names_exists(table: Path) -> None:
    quoted = re.findall(r"`((?:test_|tests/|benchmarks/|unit/|integration/|e2e/)[\w/.]+)`", table.read_text())
    assert [name for name in quoted if not _exists(name)] == []


@pytest.mark.parametrize("table", TABLES[:2], ids=lambda path: path.parent.name)
def test_every_row_of_a_conformance_table_names_tests_that_exist(table: Path) -> None:
    cells = list(_cells(table))
    assert len(cells) > 10
    missing = []
    for cell in cells:
        missing += [name for name in re.findall(r"`([^`]+)`", cell) if not _exists(name)]
        words = re.findall(r"\b\w+_\w+\b", re.sub(r"`[^`]+`|\([^)]*\)", "", cell))
        missing += [word for word in words if not any(name.startswith(word) for name in FUNCTIONS)]
    assert missing == []
