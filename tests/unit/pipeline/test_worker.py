"""The entry point: settings from the environment, deadline from the context."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipeline.common.settings import SettingsError, WorkerSettings
from tests.unit.pipeline import events

pytestmark = pytest.mark.unit

ENVIRONMENT = {
    "DESTINATION_BUCKET": "destination",
    "TABLE_NAME": "table",
    "WORK_QUEUE_URL": "https://sqs.example/work",
    "MULTIPART_THRESHOLD_BYTES": "5368709120",
    "PART_SIZE_BYTES": "268435456",
    "PART_CONCURRENCY": "4",
    "RECORD_CONCURRENCY": "4",
    "RETRY_DELAYS_S": "30,120,0",
    "DEADLINE_RESERVE_S": "2",
    "READ_TIMEOUT_S": "5",
    "KEEP_SOURCE_TAGS": "false",
    "CHECK_SOURCE_IS_CURRENT": "true",
}
AWS = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the handler as Lambda does: with its environment, anew."""
    for name, value in {**ENVIRONMENT, **AWS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delitem(sys.modules, "pipeline.handlers.worker", raising=False)
    return importlib.import_module("pipeline.handlers.worker")


def context(remaining_ms: int) -> Any:
    return SimpleNamespace(
        function_name="worker",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:worker",
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: remaining_ms,
    )


def test_settings_are_read_from_the_environment() -> None:
    settings = WorkerSettings.from_environment(ENVIRONMENT)
    assert settings.retry_delays_s == (30, 120, 0)
    assert (settings.keep_source_tags, settings.check_source_is_current) == (False, True)


@pytest.mark.parametrize("name", ["DESTINATION_BUCKET", "TABLE_NAME", "WORK_QUEUE_URL"])
def test_a_missing_setting_stops_the_function_from_starting(name: str) -> None:
    rest = {key: value for key, value in ENVIRONMENT.items() if key != name}
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        WorkerSettings.from_environment(rest)


def test_all_that_is_wrong_with_settings_is_said_at_once() -> None:
    wrong = {**ENVIRONMENT, "PART_SIZE_BYTES": "many", "KEEP_SOURCE_TAGS": "yes", "RECORDING": "some"}
    del wrong["TABLE_NAME"]
    with pytest.raises(SettingsError) as caught:
        WorkerSettings.from_environment(wrong)
    for name in ("PART_SIZE_BYTES", "KEEP_SOURCE_TAGS", "RECORDING", "TABLE_NAME"):
        assert name in str(caught.value)


def test_the_answer_names_the_messages_that_failed(
    worker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.service.retries, "soon", lambda failed: None)
    folder = events.sqs_record(events.object_created(key="acme/folder/"), message_id="m-folder")
    batch = {"Records": [events.sqs_record("not json", message_id="m-bad"), folder]}
    answer = worker.handler(batch, context(10_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-bad"}]}


def test_log_lines_are_json_with_the_request_id(
    worker: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker.service.retries, "soon", lambda failed: None)
    worker.logger.handlers[0].setStream(sys.stdout)
    worker.handler({"Records": [events.sqs_record("not json")]}, context(10_000))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "Malformed message" in [line["message"] for line in lines]
    assert {line["function_request_id"] for line in lines} == {"request-1"}


def test_clients_keep_a_connection_for_each_thread(worker: ModuleType) -> None:
    config = worker.service._copier.s3.meta.config
    assert config.max_pool_connections == 9
    assert config.read_timeout == 5.0
