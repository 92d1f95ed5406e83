"""The entry points: each starts with its own settings only, and hands the event to its task."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipeline.common.settings import SettingsError
from pipeline.workflow.errors import MalformedEventError, PermanentError

pytestmark = pytest.mark.unit

AWS = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
RECORDS = {"TABLE_NAME": "table", "DESTINATION_BUCKET": "destination"}
NEEDED: dict[str, dict[str, str]] = {
    "validate": RECORDS,
    "download": {},
    "process": {"PROCESSING_BUCKET": "processing"},
    "upload": RECORDS,
    "copy": RECORDS,
    "notify": {**RECORDS, "RESULTS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:results"},
    "starter": {"STATE_MACHINE_ARN": "arn", "WORK_QUEUE_URL": "https://sqs.example/work"},
}
CONTEXT: Any = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    aws_request_id="request-1",
    get_remaining_time_in_millis=lambda: 60_000,
)


def imported(monkeypatch: pytest.MonkeyPatch, name: str, environment: dict[str, str]) -> ModuleType:
    """Import a handler as Lambda does: with its environment, anew."""
    for variable, value in {**environment, **AWS}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delitem(sys.modules, f"pipeline.handlers.{name}", raising=False)
    return importlib.import_module(f"pipeline.handlers.{name}")


@pytest.mark.parametrize("name", NEEDED)
def test_a_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert callable(imported(monkeypatch, name, NEEDED[name]).handler)


@pytest.mark.parametrize(("name", "missing"), [(name, one) for name in NEEDED for one in NEEDED[name]])
def test_a_function_does_not_start_without_it(
    monkeypatch: pytest.MonkeyPatch, name: str, missing: str
) -> None:
    rest = {variable: value for variable, value in NEEDED[name].items() if variable != missing}
    with pytest.raises(SettingsError, match=missing):
        imported(monkeypatch, name, rest)


def test_validate_hands_over_event_and_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    module = imported(monkeypatch, "validate", NEEDED["validate"])
    with pytest.raises(MalformedEventError):
        module.handler({"event": {"no": "event"}, "execution": "e-1"}, CONTEXT)


def test_copy_hands_over_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    module = imported(monkeypatch, "copy", NEEDED["copy"])
    with pytest.raises(PermanentError, match="MissingInput"):
        module.handler({"key": "a"}, CONTEXT)


def test_the_starter_answers_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    module = imported(monkeypatch, "starter", NEEDED["starter"])
    assert module.handler({"Records": []}, CONTEXT) == {"batchItemFailures": []}


def test_upload_verifies_and_checks_only_what_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    task = imported(monkeypatch, "upload", NEEDED["upload"]).task
    assert task.copier.with_checksum
    assert task.staged_copier.with_checksum
    assert task.copier.settings.check_source_is_current
    assert not task.staged_copier.settings.check_source_is_current
