"""`floodgate serve` as its user meets it, with runs that end before they need a stack."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.floodgate import Command, Floodgate, eventually

pytestmark = pytest.mark.integration

TOKEN = "a token for tests only, long enough"
IMPOSSIBLE = {"scenario": "ramp-to-knee", "minutes": 0.01}
"""Too short for what the scenario promises to find: refused before there is a stack."""


@pytest.fixture(scope="module")
def floodgate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floodgate]:
    command = Floodgate(tmp_path_factory.mktemp("serve") / "state")
    command.state_home.mkdir()
    try:
        yield command
    finally:
        command.clear()


def address(serving: Command, what: str) -> str:
    """Return what the service says of itself, once it does."""

    def told() -> str:
        assert serving.process.poll() is None, serving.err
        lines = [line for line in serving.err.splitlines() if line.startswith(f"{what}: ")]
        return lines[0].removeprefix(f"{what}: ") if lines else ""

    return eventually(told, f"the service to tell its {what}")


@pytest.fixture(scope="module")
def serving(floodgate: Floodgate) -> Iterator[Command]:
    """A service that takes load workers, opened to other machines as in a container; Ctrl-C ends it."""
    command = floodgate.start(
        *("serve", "--web-port=0", "--master-bind-port=0", "--run-port=0", "--web-host=0.0.0.0"),
        *("--reports", str(floodgate.state_home / "reports")),
        FLOODGATE_WORKER_TOKEN=TOKEN,
        FLOODGATE_ALLOW_HOSTS="locust-master other-name",
    )
    address(command, "web UI")
    yield command
    command.interrupt()
    assert command.finish().code == 0
    assert floodgate.leftovers() == []
    assert not (floodgate.state_home / "reports").exists()


def asked(serving: Command, path: str, content: Any = None, **headers: str) -> tuple[int, str]:
    """Return status and text of an answer; with content, the request is a POST."""
    connection = http.client.HTTPConnection(urlsplit(address(serving, "web UI")).netloc, timeout=30)
    body = None if content is None else json.dumps(content)
    method = "GET" if content is None else "POST"
    connection.request(method, path, body, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


@pytest.mark.parametrize("path", ["/stop", "/stats/reset", "/swarm", "/user"])
def test_what_changes_something_is_not_to_be_had_by_a_link_or_an_image(serving: Command, path: str) -> None:
    """Such a request has no `Origin`, and is a GET: https://fetch.spec.whatwg.org/#origin-header."""
    assert asked(serving, path, **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 405


def worker_check(floodgate: Floodgate, serving: Command, token: str) -> Command:
    port = address(serving, "load workers").rpartition(":")[2]
    return floodgate.start(
        "serve", "--worker", "--check", f"--master-port={port}", FLOODGATE_WORKER_TOKEN=token
    )


def test_a_run_that_cannot_be_made_says_why_and_the_next_one_may_be_started(serving: Command) -> None:
    for _ in range(2):
        status, text = asked(serving, "/floodgate/runs", IMPOSSIBLE)
        assert status == 202, text
        name = json.loads(text)["run"]

        def ended(name: str = name) -> Any:
            run = json.loads(asked(serving, f"/floodgate/runs/{name}")[1])
            return run if run["state"] == "ended" else None

        run = eventually(ended, "the end of the run")
        assert (run["exit_code"], run["verdict"], run["report"]) == (2, None, None)
        assert run["says"].startswith("error: the threshold")
    assert 'floodgate_runs_total{verdict="none"} 2.0' in asked(serving, "/metrics")[1]
    told = json.loads(asked(serving, "/stats/requests")[1])
    assert told["state"] == "stopped"
    assert {"what": "Verdict", "value": "no report"} in told["extended_stats"][0]["data"]
    assert any("error: the threshold" in line for line in json.loads(asked(serving, "/logs")[1])["master"])


@pytest.mark.parametrize(
    ("path", "content", "headers", "status"),
    [
        ("/floodgate/health", None, {}, 200),
        ("/floodgate/health", None, {"Host": "locust-master:8089"}, 200),
        ("/floodgate/health", None, {"Host": "other-name"}, 200),
        ("/floodgate/health", None, {"Host": "rebound.example"}, 403),
        ("/metrics", None, {"Host": "rebound.example"}, 403),
        ("/floodgate/runs", None, {"Origin": "http://evil.example"}, 403),
        ("/floodgate/runs", IMPOSSIBLE, {"Origin": "http://evil.example"}, 403),
        ("/floodgate/runs", IMPOSSIBLE, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/swarm", {}, {"Origin": "null"}, 403),
        ("/stop", {}, {"Host": "rebound.example"}, 403),
    ],
)
def test_only_its_own_page_and_known_names_may_ask(
    serving: Command, path: str, content: Any, headers: dict[str, str], status: int
) -> None:
    assert asked(serving, path, content, **headers)[0] == status


def test_who_has_the_token_is_answered_and_nobody_else(floodgate: Floodgate, serving: Command) -> None:
    knows = worker_check(floodgate, serving, TOKEN)
    guesses = worker_check(floodgate, serving, "some other token of that length")
    assert knows.finish().code == 0
    refused = guesses.finish()
    assert refused.code == 3
    assert "FLOODGATE_WORKER_TOKEN" in refused.err


def test_workers_that_wait_are_counted_and_forgotten_when_they_leave(
    floodgate: Floodgate, serving: Command
) -> None:
    port = address(serving, "load workers").rpartition(":")[2]

    def waiting() -> int:
        found: int = json.loads(asked(serving, "/floodgate/health")[1])["workers"]
        return found

    workers = [
        floodgate.start("serve", "--worker", f"--master-port={port}", FLOODGATE_WORKER_TOKEN=TOKEN)
        for _ in range(2)
    ]
    eventually(lambda: waiting() == 2, "two workers that wait")
    for worker in workers:
        worker.interrupt()
    assert [worker.finish().code for worker in workers] == [0, 0]
    eventually(lambda: waiting() == 0, "nobody to wait any more")


def test_a_taken_port_is_told_with_its_fix(floodgate: Floodgate, serving: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = floodgate.run("serve", f"--web-port={taken.getsockname()[1]}")
    assert refused.code == 3
    assert "choose another --web-port" in refused.err


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (("serve", "--web-port=0", "--web-host=192.0.2.1"), "--web-host is an address of this machine"),
        (("serve", "--worker", "--check", "--master-host=no such"), "--master-host is a name or an address"),
        (("run", "--worker", "--master-host=no such"), "--master-host is a name or an address"),
    ],
)
def test_an_address_that_is_none_is_told_with_its_fix(
    floodgate: Floodgate, arguments: tuple[str, ...], fix: str
) -> None:
    refused = floodgate.start(*arguments, FLOODGATE_WORKER_TOKEN=TOKEN).finish()
    assert (refused.code, refused.err.rstrip().endswith(f"fix: {fix}")) == (2, True), refused.err
