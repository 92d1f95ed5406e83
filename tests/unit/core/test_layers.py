"""ARCHITECTURE.md as a test: who may import whom. It reads the source; nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "harness" / "engines" / "localstack" / "plugin" / "floodgate_localstack"
MINISTACK_PLUGIN = ROOT / "harness" / "engines" / "ministack" / "plugin" / "floodgate_ministack"
PLUGIN_FOLDERS = (PLUGIN.parent, MINISTACK_PLUGIN.parent)
OURS = frozenset(
    {"harness", "pipeline", "scenarios", "benchmarks", "tests", "floodgate_localstack", "floodgate_ministack"}
)

BASE = frozenset(
    {
        "clock",
        "exceptions",
        "exit_codes",
        "files",
        "host_key",
        "identity",
        "locks",
        "parent",
        "paths",
        "programs",
    }
)
"""Modules of `harness` itself that every part may use. They import each other only."""
CONTRACTS = frozenset({"harness.engines.base", "harness.stack.description", "harness.load.ledger_format"})
"""Types that stand for a part towards parts below it; each imports nothing but other contracts."""

MAY_IMPORT: dict[str, frozenset[str]] = {
    "aws": frozenset(),
    "environments": frozenset(),
    "conformance": frozenset(),
    "engines": frozenset({"aws", "conformance", "environments"}),
    "deploy": frozenset({"aws", "environments"}),
    "cost": frozenset(),
    "faults": frozenset({"engines"}),
    "images": frozenset({"deploy", "environments"}),
    "transfer": frozenset({"aws"}),
    "sftp": frozenset({"aws", "transfer"}),
    "ftp": frozenset({"sftp", "transfer"}),
    "standins": frozenset({"aws", "environments", "engines"}),
    "load": frozenset(),
    "measure": frozenset({"aws", "engines"}),
    "deadletters": frozenset({"aws", "engines", "measure"}),
    "report": frozenset({"measure"}),
    "compare": frozenset({"measure", "report"}),
    "stack": frozenset({"aws", "cost", "engines", "deploy", "transfer"}),
    "run": frozenset({"aws", "cost", "faults", "stack", "engines", "deploy", "load", "measure", "report"}),
    "trace": frozenset({"aws", "engines", "measure", "report"}),
    "service": frozenset({"load", "report", "run"}),
    "doctor": frozenset({"aws", "engines", "environments", "stack"}),
    "pytest_plugin": frozenset({"aws", "deploy", "measure", "run", "stack"}),
    "cli": frozenset(
        {
            "compare",
            "deadletters",
            "doctor",
            "faults",
            "run",
            "service",
            "stack",
            "report",
            "trace",
            "load",
            "deploy",
        }
    ),
}
"""Part of `harness` to the parts that it may use, besides `BASE` and `CONTRACTS`."""


def modules(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules below a folder of the repository, without those of a plugin inside it."""
    inside = [plugin for plugin in PLUGIN_FOLDERS if not folder.is_relative_to(plugin)]
    for path in sorted(folder.rglob("*.py")):
        if not any(path.is_relative_to(plugin) for plugin in inside):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports of ours, anywhere in it, as dotted names down to the module."""
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in OURS)


def part_of(name: str) -> str:
    """Return the part of the harness that a dotted name is in; "" for the package itself."""
    return name.partition(".")[2].partition(".")[0]


def is_contract(name: str) -> bool:
    return any(name == contract or name.startswith(f"{contract}.") for contract in CONTRACTS)


def test_the_pipeline_imports_nothing_of_ours() -> None:
    found = {(name, used) for name, path in modules(ROOT / "pipeline") for used in imports(path)}
    assert {(name, used) for name, used in found if not used.startswith("pipeline.")} == set()


def test_the_plugin_imports_nothing_of_ours() -> None:
    found = {(name, used) for name, path in modules(PLUGIN) for used in imports(path)}
    assert {(name, used) for name, used in found if not used.startswith("floodgate_localstack")} == set()


def test_ministacks_plugin_imports_itself_and_the_lambda_runtime() -> None:
    found = {used for _, path in modules(MINISTACK_PLUGIN) for used in imports(path)}
    assert {
        used
        for used in found
        if not used.startswith(("floodgate_ministack", "floodgate_localstack.lambda_runtime."))
    } == set()


def test_scenarios_import_what_scenario_files_are_promised() -> None:
    found = {used.rpartition(".")[0] for _, path in modules(ROOT / "scenarios") for used in imports(path)}
    assert found <= {"harness.load"}


def test_the_harness_imports_the_harness_only() -> None:
    found = {(name, used) for name, path in modules(ROOT / "harness") for used in imports(path)}
    assert {(name, used) for name, used in found if used.split(".")[0] != "harness"} == set()


def test_every_part_of_the_harness_imports_only_what_lies_below_it() -> None:
    wrong = [
        f"{name} imports {used}"
        for name, path in modules(ROOT / "harness")
        for used in imports(path)
        if not _allowed(name, used)
    ]
    assert wrong == []


def _allowed(name: str, used: str) -> bool:
    part, other = part_of(name), part_of(used)
    if other in {part, ""} or other in BASE or is_contract(used):
        return True
    return other in MAY_IMPORT.get(part, frozenset())


def test_no_rule_allows_what_nobody_does() -> None:
    used: dict[str, set[str]] = {part: set() for part in MAY_IMPORT}
    for name, path in modules(ROOT / "harness"):
        if part_of(name) in used:
            used[part_of(name)] |= {part_of(found) for found in imports(path) if not is_contract(found)}
    assert {
        part: sorted(allowed - used[part]) for part, allowed in MAY_IMPORT.items() if allowed - used[part]
    } == {}


def test_every_part_has_its_rule() -> None:
    parts = {part_of(name) for name, _ in modules(ROOT / "harness")} - {""}
    assert parts == BASE | MAY_IMPORT.keys()


def test_base_modules_and_contracts_import_each_other_at_most() -> None:
    low = {f"harness.{name}" for name in BASE} | CONTRACTS
    wrong = [
        f"{name} imports {used}"
        for name, path in modules(ROOT / "harness")
        if name in low
        for used in imports(path)
        if not any(used == other or used.startswith(f"{other}.") for other in low)
    ]
    assert wrong == []


def test_the_rules_have_no_cycle() -> None:
    """So the parts can be put in an order in which each uses earlier ones only."""
    left = dict(MAY_IMPORT)
    while left:
        free = [part for part, used in left.items() if not used & left.keys()]
        assert free, f"a cycle among {sorted(left)}"
        for part in free:
            del left[part]


def test_architecture_md_names_every_part() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"^\| `harness/([a-z_]+)/` ", text, re.MULTILINE))
    packages = {path.parent.name for path in (ROOT / "harness").glob("*/__init__.py")}
    assert named == packages
