"""What Prometheus is told, and that the dashboard and the rules ask for nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from harness.load.web.metrics import Live, RunCollector
from harness.service.metrics import registry_of
from harness.service.request import RunRequest
from tests.unit.service.live import figures
from tests.unit.service.stand_ins import Beginner, end, runs, write

pytestmark = pytest.mark.unit

MONITORING = Path(__file__).parents[3] / "harness" / "images" / "monitoring"
DASHBOARD = MONITORING / "grafana" / "dashboards" / "floodgate.json"
RULES = MONITORING / "prometheus" / "rules.yml"


def scraped(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return the samples of a scrape by name and labels."""
    text = generate_latest(registry).decode()
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def of_run(
    live: Live | None, *, goes_on: bool = True
) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RunCollector(lambda: None if live is None else (live, goes_on)))
    return scraped(registry)


def test_before_a_run_has_figures_there_are_none() -> None:
    assert of_run(None) == {}


def test_figures_are_in_base_units() -> None:
    found = of_run(figures(20))
    assert found["floodgate_files_offered_total", ()] == 20
    assert found["floodgate_files_delivered_total", ()] == 16
    assert found["floodgate_files_failed", (("cause", "NoSuchKey"), ("kind", "failed"))] == 1
    assert found["floodgate_backlog_files", ()] == 3
    assert found["floodgate_end_to_end_p99_seconds", ()] == pytest.approx(1.2345)
    assert found["floodgate_queue_messages", (("queue", "work"),)] == 7
    assert found["floodgate_function_duration_seconds", (("function", "worker"),)] == pytest.approx(0.04)
    assert found["floodgate_process_cpu_seconds_total", (("role", "engine"),)] == 2
    assert found["floodgate_process_resident_memory_bytes", (("role", "sftp"),)] == 1 << 28


def test_a_stage_is_a_histogram_whose_steps_add_up() -> None:
    found = of_run(figures(20))
    steps = {
        dict(labels)["le"]: value
        for (name, labels), value in found.items()
        if name.endswith("_bucket") and dict(labels)["stage"] == "end_to_end"
    }
    assert steps["0.5"] == 0
    assert steps["1.0"] == 1
    assert steps["10.0"] == 10
    assert steps["+Inf"] == found["floodgate_stage_duration_seconds_count", (("stage", "end_to_end"),)] == 16
    assert list(steps.values()) == sorted(steps.values())


def test_of_a_run_that_has_ended_only_what_it_came_to_is_told() -> None:
    names = {name for name, _ in of_run(figures(), goes_on=False)}
    assert "floodgate_files_delivered_total" in names
    assert not names & {"floodgate_backlog_files", "floodgate_sftp_sessions", "floodgate_queue_messages"}
    assert "floodgate_process_resident_memory_bytes" not in names


def test_the_service_tells_of_itself_and_of_its_latest_run(tmp_path: Path) -> None:
    found = runs(tmp_path, Beginner())
    registry = registry_of(found, lambda: 2)
    assert scraped(registry)["floodgate_load_workers_waiting", ()] == 2
    run = found.start(RunRequest(scenario="smoke"))
    write(run, "ledger/live.json", {"metrics": figures(20)})
    told = scraped(registry)
    assert told["floodgate_run_active", ()] == 1
    assert told["floodgate_backlog_files", ()] == 3
    end(run)
    told = scraped(registry)
    assert told["floodgate_run_active", ()] == 0
    assert told["floodgate_runs_total", (("verdict", "passed"),)] == 1
    assert told["floodgate_files_delivered_total", ()] == 16


def queries() -> list[str]:
    """Return all that the dashboard and the rules ask Prometheus for."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return asked + [rule["expr"] for group in groups for rule in group["rules"]]


def test_dashboard_and_rules_ask_for_what_there_is(tmp_path: Path) -> None:
    found = runs(tmp_path, Beginner())
    end(found.start(RunRequest(scenario="smoke")))
    run = found.start(RunRequest(scenario="mine"))
    write(run, "ledger/live.json", {"metrics": figures()})
    labels_of: dict[str, set[str]] = {}
    for name, labels in scraped(registry_of(found, lambda: 0)):
        labels_of.setdefault(name, {"instance"}).update(dict(labels))
    assert len(queries()) > 30
    for query in queries():
        asked = re.findall(r"(floodgate_\w+)(?:\{([^}]*)\})?", query)
        assert asked, query
        for name, selector in asked:
            assert name in labels_of, f"{name} in {query}"
            assert set(re.findall(r"(\w+)[=!]", selector)) <= labels_of[name], query


def test_every_panel_has_its_own_id_and_place() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
