"""Environment names change exactly when what goes in changes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environments.recipes import BUILD_PINS, PINS_DIR, Layer, layer_for, project_sources
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    pins = tmp_path / "pins.txt"
    pins.write_text("six==1.17.0\n")
    project = tmp_path / "plugin"
    (project / "package").mkdir(parents=True)
    (project / "package" / "module.py").write_text("A = 1\n")
    return Layer(name="engine", title="Engine", pins=pins, project=project)


def test_same_inputs_give_the_same_folder(layer: Layer) -> None:
    assert layer.folder_name() == replace(layer, title="another title").folder_name()


def test_changed_pins_give_another_folder(layer: Layer) -> None:
    before = layer.folder_name()
    assert layer.pins is not None
    layer.pins.write_text("six==1.16.0\n")
    assert layer.folder_name() != before


def test_changed_source_gives_another_folder(layer: Layer) -> None:
    before = layer.folder_name()
    assert layer.project is not None
    (layer.project / "package" / "module.py").write_text("A = 2\n")
    assert layer.folder_name() != before


def test_moved_source_gives_another_folder(layer: Layer) -> None:
    before = layer.folder_name()
    assert layer.project is not None
    (layer.project / "package" / "module.py").rename(layer.project / "package" / "other.py")
    assert layer.folder_name() != before


def test_by_products_of_running_the_source_change_nothing(layer: Layer) -> None:
    before = layer.folder_name()
    assert layer.project is not None
    cache = layer.project / "package" / "__pycache__"
    cache.mkdir()
    (cache / "module.cpython-311.pyc").write_bytes(b"\0")
    assert layer.folder_name() == before


def test_a_changed_lower_layer_changes_the_upper_one(layer: Layer) -> None:
    upper = Layer(name="upper", title="Upper", below=layer)
    before = upper.folder_name()
    assert layer.pins is not None
    layer.pins.write_text("six==1.16.0\n")
    assert upper.folder_name() != before


def test_another_python_gives_another_folder(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = layer.folder_name()
    monkeypatch.setattr("sys.implementation.cache_tag", "cpython-399")
    assert layer.folder_name() != before


def test_another_major_uv_gives_another_folder(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = layer.folder_name()
    monkeypatch.setattr("harness.environments.recipes.version", lambda _: "99.0.0")
    assert layer.folder_name() != before


def test_localstack_lies_below_the_plugin() -> None:
    layer = layer_for("localstack")
    assert layer.below is not None
    assert layer.below.name.startswith("localstack-4.")
    assert any(b"floodgate_localstack" in part for part in project_sources(layer.project or Path()))


def test_lambda_runtime_needs_no_compiler() -> None:
    assert layer_for("lambda-runtime").only_wheels


def test_of_localstack_only_what_is_imported_gets_compiled() -> None:
    layer = layer_for("localstack")
    assert layer.below is not None
    assert not layer.below.compile_all
    assert layer.compile_all


def test_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UsageError) as caught:
        layer_for("moto")
    assert "localstack, lambda-runtime" in str(caught.value.hint)


@pytest.mark.parametrize("pins", sorted(PINS_DIR.glob("*.txt")), ids=lambda path: path.name)
def test_pins_are_exact_and_name_no_index(pins: Path) -> None:
    lines = [line for line in pins.read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ;.*)?$", line), line


def test_every_pinned_release_has_its_file() -> None:
    names = {path.name for path in PINS_DIR.glob("*.txt")}
    assert {"localstack-4.9.2.txt", "localstack-4.14.0.txt", "lambda-runtime.txt", BUILD_PINS.name} <= names
