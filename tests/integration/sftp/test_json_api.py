"""The client of AWS's JSON APIs against servers that misbehave, and the outlets on top of it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.sftp.outlets import CloudWatchOutlet, Record
from harness.sftp.records import json_api
from harness.sftp.records.event_bus import EventBusOutlet
from harness.sftp.records.events import Happening, SessionInfo
from harness.sftp.records.json_api import JsonApi

pytestmark = pytest.mark.integration

Answer = tuple[int, dict[str, Any]]


class Scripted(http.server.ThreadingHTTPServer):
    """Gives the answers that it was given, the last one again and again; status 0 hangs up instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = [(200, {})]
        self.requests: list[tuple[str, Any]] = []

    @property
    def engine(self) -> EngineInfo:
        return EngineInfo("scripted", "x", "x", f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.requests.append((operation, json.loads(body)))
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not status:
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(json_api, "_RETRY_DELAYS_S", (0.0, 0.0))
    with Scripted() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, args=(0.01,))
        thread.start()
        yield scripted
        scripted.shutdown()
        thread.join()


@pytest.fixture
def api(server: Scripted) -> Iterator[JsonApi]:
    made = JsonApi(server.engine, "events", "AWSEvents")
    yield made
    made.close()


@pytest.mark.parametrize("passing", [(0, {}), (503, {}), (400, {"__type": "ThrottlingException"})])
def test_what_passes_is_tried_again(server: Scripted, api: JsonApi, passing: Answer) -> None:
    server.answers = [passing, passing, (200, {"came": "through"})]
    assert api.call("PutEvents", "{}") == {"came": "through"}


def test_what_lasts_is_an_error(server: Scripted, api: JsonApi) -> None:
    server.answers = [(503, {"message": "down"})]
    with pytest.raises(AwsError, match="down"):
        api.call("PutEvents", "{}")
    server.answers = [(0, {})]
    with pytest.raises(StackLostError):
        api.call("PutEvents", "{}")
    assert len(server.requests) == 6


def test_a_refusal_is_not_repeated(server: Scripted, api: JsonApi) -> None:
    server.answers = [(400, {"__type": "com.amazonaws#ValidationException:", "message": "bad"})]
    with pytest.raises(AwsError) as caught:
        api.call("PutEvents", "{}")
    assert caught.value.code == "ValidationException"
    assert len(server.requests) == 1


def _happening(number: int) -> Happening:
    return Happening("File Delete", SessionInfo("s", "mary"), (f"/b/{number}",), 1.0, 2.0)


def test_events_leave_in_batches_of_ten_and_what_is_refused_counts_as_lost(
    server: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "why"}, {"EventId": "1"}]}
    server.answers = [(200, refused), (200, {"Entries": []}), (400, {"__type": "AccessDeniedException"})]
    outlet = EventBusOutlet(server.engine, "s-1", "arn")
    outlet.deliver([_happening(number) for number in range(25)])
    outlet.close()
    assert [len(body["Entries"]) for _, body in server.requests] == [10, 10, 5]
    assert outlet.dropped == 1 + 5
    assert capsys.readouterr().err.count("are not delivered") == 2


def test_whoever_waits_for_an_event_hears_when_it_is_out_or_lost(server: Scripted) -> None:
    heard: list[int] = []
    server.answers = [(200, {"Entries": []}), (400, {"__type": "AccessDeniedException"})]
    outlet = EventBusOutlet(server.engine, "s-1", "arn")
    for number in range(2):
        outlet.deliver([_happening(number)._replace(on_handled=partial(heard.append, number))])
        assert heard == list(range(number + 1))
    outlet.close()


def test_a_log_group_of_our_own_is_made(server: Scripted) -> None:
    outlet = CloudWatchOutlet(server.engine, "group", 1.0, make_group=True)
    outlet.deliver([Record(1.5, "stream", {"activity-type": "OPEN"}), Record(2.0, "stream", {"a": "ü"})])
    outlet.deliver([Record(3.0, "stream", {"b": "c"})])
    outlet.close()
    assert [operation for operation, _ in server.requests] == [
        "CreateLogGroup",
        "CreateLogStream",
        "PutLogEvents",
        "PutLogEvents",
    ]
    assert server.requests[2][1]["logEvents"] == [
        {"timestamp": 1500, "message": '{"activity-type": "OPEN"}'},
        {"timestamp": 2000, "message": '{"a": "ü"}'},
    ]
