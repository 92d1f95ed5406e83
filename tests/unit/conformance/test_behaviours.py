"""The list of behaviours: whole, tested item by item, and what README.md shows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from harness.conformance import matrix
from harness.conformance.behaviours import AREAS, FOLDER, Behaviour, behaviours, find
from harness.conformance.differences import differences
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
ENGINE_KEY = re.compile(r"(localstack(:host|:docker)?|ministack)(@\d+\.\d+\.\d+)?")


def ids_of_tests() -> list[str]:
    """Return the id that each test of the suite says it is about."""
    found = []
    for path in sorted((ROOT / "tests" / "conformance").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "behaviour":
                assert isinstance(node.args[0], ast.Constant)
                found.append(str(node.args[0].value))
    return found


def test_every_behaviour_has_one_test_and_every_test_its_behaviour() -> None:
    assert sorted(ids_of_tests()) == sorted(item.id for item in behaviours())


def test_every_file_is_an_area() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(AREAS)


def test_ids_are_unique_and_begin_with_their_file() -> None:
    counts = Counter(item.id for item in behaviours())
    assert [identifier for identifier, count in counts.items() if count > 1] == []
    assert {item.id.split(".")[0] for item in behaviours()} == set(AREAS)


def test_items_are_sentences_with_aws_documentation() -> None:
    for item in behaviours():
        for sentence in (item.behaviour, *item.differs.values()):
            assert sentence.endswith("."), item.id
            assert "|" not in sentence, item.id
            assert "\n" not in sentence, item.id
            assert not re.search(r"\w- \w", sentence), f"{item.id}: a word was cut in two"
        assert re.fullmatch(r"https://(docs\.)?aws\.amazon\.com/\S+", item.source), item.id


def test_differences_are_of_engines_that_there_are() -> None:
    keys = {key for item in behaviours() for key in item.differs}
    assert [key for key in keys if not ENGINE_KEY.fullmatch(key)] == []


def test_a_name_without_mode_stands_for_all_modes_and_a_version_for_itself() -> None:
    item = Behaviour(
        "a.b", "A", "B.", "", {"localstack:docker": "C.", "localstack@4.14.0": "D.", "mini": "E."}
    )
    assert item.difference("localstack:docker", "4.9.2") == "C."
    assert item.difference("localstack", "4.14.0") == "D."
    assert item.difference("localstack", "4.9.2") is None
    assert item.difference("localstack") == "D. (version 4.14.0)"
    assert item.difference("mini:docker") == "E."
    assert item.difference("aws") is None


def test_one_cause_is_told_once() -> None:
    for label in ("localstack", "localstack:docker", "ministack"):
        sentences = differences(label)
        assert len(sentences) == len(set(sentences))
    assert differences("aws") == ()


def test_an_item_is_found_by_its_id() -> None:
    assert find("s3-events.shape").area == "S3 events"
    with pytest.raises(KeyError):
        find("s3-events.nothing")


def test_readme_shows_the_matrix() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert matrix.in_readme(text) == text, "python -m harness.conformance README.md"


def test_a_text_without_markers_is_refused() -> None:
    with pytest.raises(UsageError):
        matrix.in_readme("nothing")


def test_no_row_of_the_matrix_says_a_sentence_twice() -> None:
    rows = [
        line.strip("| ").split(" | ") for line in matrix.markdown().splitlines() if line.startswith("| [")
    ]
    assert any("as `localstack`" in row for row in rows)
    for row in rows:
        said = [cell for cell in row[1:] if not cell.startswith("as ")]
        assert len(said) == len(set(said)), row
