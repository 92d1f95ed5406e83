"""The service over HTTP, without its sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from harness.service.api import api
from harness.service.runs import Runs
from tests.unit.service.stand_ins import Beginner, config, end, runs

pytestmark = pytest.mark.unit


@pytest.fixture
def found(tmp_path: Path) -> Runs:
    return runs(tmp_path, Beginner())


@pytest.fixture
def client(tmp_path: Path, found: Runs) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(api(config(tmp_path), found, lambda: 2))
    return app.test_client()


def test_a_run_is_started_and_followed(client: FlaskClient, found: Runs) -> None:
    assert client.get("/floodgate/health").get_json() == {"status": "ok", "running": False, "workers": 2}
    started = client.post("/floodgate/runs", json={"scenario": "smoke"})
    assert started.status_code == 202
    name = started.get_json()["run"]
    assert client.get("/floodgate/health").get_json()["running"]
    again = client.post("/floodgate/runs", data={"scenario": "smoke"})
    assert (again.status_code, again.get_json()["fix"]) == (409, "stop it, or wait for its end")
    assert found.current is not None
    end(found.current)
    assert client.get(f"/floodgate/runs/{name}").get_json()["verdict"] == "passed"
    assert [run["run"] for run in client.get("/floodgate/runs").get_json()["runs"]] == [name]
    assert client.get("/floodgate/runs/other").status_code == 404


def test_what_is_wrong_with_a_request_is_told(client: FlaskClient) -> None:
    wrong = client.post("/floodgate/runs", json={"scenario": "nope"})
    assert wrong.status_code == 400
    assert "known: smoke, mine" in wrong.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "told"),
    [("{scenario: smoke}", "the request is not JSON"), ("null", "fields with values are needed")],
)
def test_json_that_is_none_is_not_taken_for_an_empty_form(client: FlaskClient, body: str, told: str) -> None:
    wrong = client.post("/floodgate/runs", data=body, content_type="application/json")
    assert (wrong.status_code, told in wrong.get_json()["error"]) == (400, True)


def test_a_service_that_ends_says_so(client: FlaskClient, found: Runs) -> None:
    found.close()
    assert client.post("/floodgate/runs", json={"scenario": "smoke"}).status_code == 503


def test_of_a_runs_folder_only_what_a_report_is_made_of_is_given_away(
    client: FlaskClient, found: Runs
) -> None:
    name = client.post("/floodgate/runs", json={"scenario": "smoke"}).get_json()["run"]
    assert found.current is not None
    folder = found.current.folder
    end(found.current)
    (folder / "ledger").mkdir()
    (folder / "ledger" / "load.json").write_text("where keys lie")
    report = client.get(f"/floodgate/reports/{name}/summary.json")
    assert report.status_code == 200
    assert report.headers["X-Content-Type-Options"] == "nosniff"
    report.close()
    for path in (f"{name}/ledger/load.json", f"{name}/..%2Fx", "other/report.html", f"{name}/report.html"):
        assert client.get(f"/floodgate/reports/{path}").status_code == 404, path
