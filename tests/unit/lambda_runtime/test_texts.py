"""The words of Lambda: platform lines, error payloads, variables, settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from floodgate_localstack import versions
from floodgate_localstack.lambda_runtime import answers, failures, log_lines
from floodgate_localstack.lambda_runtime.answers import InitFailure
from floodgate_localstack.lambda_runtime.child_environ import child_environ
from floodgate_localstack.lambda_runtime.settings import Settings, SettingsError

pytestmark = pytest.mark.unit


def test_report_of_a_warm_invocation() -> None:
    line = log_lines.report_line("id", duration_ms=12.345, memory_mb=128, max_memory_mb=40)
    assert line == (
        "REPORT RequestId: id\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\t"
    )


def test_report_of_a_cold_start_bills_the_init() -> None:
    line = log_lines.report_line("id", duration_ms=1.2, memory_mb=128, max_memory_mb=40, init_ms=100.5)
    assert "\tBilled Duration: 102 ms\t" in line
    assert line.endswith("\tInit Duration: 100.50 ms\t")


def test_report_of_a_timeout_has_its_status() -> None:
    line = log_lines.report_line("id", duration_ms=3000, memory_mb=1, max_memory_mb=1, status="timeout")
    assert line.endswith("\tStatus: timeout\t")


def test_init_report_names_the_error() -> None:
    line = log_lines.init_report_line(3.14159, "error", "Runtime.ExitError")
    assert (
        line
        == "INIT_REPORT Init Duration: 3.14 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\t"
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (-9, "Runtime exited with error: signal: killed"),
        (-15, "Runtime exited with error: signal: terminated"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_exit_reasons(code: int, reason: str) -> None:
    assert failures.exit_reason(code) == reason


def test_crash_answer() -> None:
    answer = answers.crashed("id", 1)
    message = "RequestId: id Error: Runtime exited with error: exit status 1"
    assert json.loads(answer.payload) == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert answer.last_line == f"{message}\nRuntime.ExitError"
    assert not answer.reusable


def test_timeout_answer() -> None:
    answer = answers.timed_out("id", 3, 1_700_000_000.1239)
    message = "RequestId: id Error: Task timed out after 3.00 seconds"
    assert json.loads(answer.payload) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    line = "2023-11-14T22:13:20.123Z id Task timed out after 3.00 seconds"
    assert (answer.status, answer.last_line, answer.reusable) == ("timeout", line, False)


def test_init_error_gets_the_request_id() -> None:
    body = b'{"errorMessage": "no", "errorType": "E", "requestId": "", "stackTrace": []}'
    answer = InitFailure("E", body).answer("id")
    assert json.loads(answer.payload)["requestId"] == "id"
    assert (answer.status, answer.error_type, answer.reusable) == ("error", "E", False)


def test_init_error_that_is_no_json_is_passed_on_as_text() -> None:
    payload = json.loads(failures.with_request_id(b"\xff broken", "id"))
    assert payload == {
        "errorMessage": "\ufffd broken",
        "errorType": "Runtime.Unknown",
        "requestId": "id",
    }


def variables(engine_variables: dict[str, object]) -> dict[str, str]:
    environ: dict[str, str] = child_environ(
        engine_variables,
        python="/env/bin/python",
        runtime="python3.12",
        runtime_api="127.0.0.1:1",
        task_root=Path("/code"),
        scratch=Path("/scratch"),
        telemetry_fd=7,
    )
    return environ


def test_variables_start_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environ = variables({"AWS_LAMBDA_FUNCTION_TIMEOUT": 3, "LOCALSTACK_RUNTIME_ID": "x"})
    assert environ["AWS_LAMBDA_FUNCTION_TIMEOUT"] == "3"
    assert environ["LAMBDA_TASK_ROOT"] == "/code"
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert environ["PATH"].startswith("/env/bin:")
    assert not {"PYTHONDONTWRITEBYTECODE", "LOCALSTACK_RUNTIME_ID"} & set(environ)


def test_configuration_of_the_function_may_not_change_reserved_variables() -> None:
    environ = variables({"TZ": "Europe/Berlin", "LAMBDA_TASK_ROOT": "/x", "AWS_LAMBDA_RUNTIME_API": "evil"})
    assert environ["TZ"] == "Europe/Berlin"
    assert environ["LAMBDA_TASK_ROOT"] == "/code"
    assert environ["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:1"


def test_settings_have_defaults(tmp_path: Path) -> None:
    settings = Settings.from_environ(
        {"FLOODGATE_LAMBDA_PYTHON": sys.executable, "FLOODGATE_LAMBDA_DIR": str(tmp_path)}
    )
    assert (settings.python, settings.folder) == (sys.executable, tmp_path.resolve())
    assert (settings.max_processes, settings.cold_starts, settings.init_timeout_s) == (16, 2, 10.0)
    assert settings.prewarm == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLOODGATE_LAMBDA_PYTHON", ""),
        ("FLOODGATE_LAMBDA_PYTHON", "/no/such/python"),
        ("FLOODGATE_LAMBDA_MAX_PROCESSES", "0"),
        ("FLOODGATE_LAMBDA_MAX_PROCESSES", "many"),
        ("FLOODGATE_LAMBDA_COLD_STARTS", "-1"),
        ("FLOODGATE_LAMBDA_PREWARM", "-1"),
        ("FLOODGATE_LAMBDA_INIT_TIMEOUT_S", "nan"),
        ("FLOODGATE_LAMBDA_INIT_TIMEOUT_S", "0"),
        ("FLOODGATE_LAMBDA_INIT_TIMEOUT_S", "soon"),
    ],
)
def test_unusable_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environ({"FLOODGATE_LAMBDA_PYTHON": sys.executable, name: value})


@pytest.mark.parametrize(("version", "applied"), [("4.9.2", True), ("4.14.0", True), ("9.0.0", False)])
def test_patch_keeps_off_unknown_versions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: str, applied: bool
) -> None:
    monkeypatch.setattr(versions, "installed_version", lambda: version)
    calls = []
    patch = versions.named_patch("the-name")(lambda: calls.append(1))
    assert patch() is applied
    assert bool(calls) is applied
    assert ("the-name" in caplog.text) is not applied
