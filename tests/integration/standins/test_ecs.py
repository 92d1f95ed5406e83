"""ECS services whose tasks are real processes that poll a real queue."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.environments import ensure
from harness.files import log_tail
from tests.integration.standins.conftest import Aws, wait_until

pytestmark = pytest.mark.integration

WORKER = """
    import os, signal, sys, time

    import boto3

    stopping = False

    def on_term(*_):
        global stopping
        stopping = True

    signal.signal(signal.SIGTERM, on_term)
    sqs = boto3.client("sqs")
    work, done = os.environ["WORK"], os.environ["DONE"]
    print("version", VERSION, "polls", flush=True)
    while not stopping:
        for message in sqs.receive_message(QueueUrl=work, WaitTimeSeconds=1).get("Messages", []):
            print("handles", message["Body"], flush=True)
            time.sleep(float(os.environ["SECONDS_EACH"]))
            sqs.send_message(QueueUrl=done, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=work, ReceiptHandle=message["ReceiptHandle"])
    print("stopped in order", flush=True)
"""


def package(version: int) -> dict[str, str]:
    return {"worker.py": WORKER.replace("VERSION", str(version))}


class Service:
    """`python -m harness.standins` with one service of the given size."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.work_url, _ = aws.queue("work", VisibilityTimeout="4")
        self.done_url, _ = aws.queue("done")
        self.log_group = f"/ecs/{aws.prefix}"
        aws.logs.create_log_group(logGroupName=self.log_group)
        self.config: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        *,
        desired: int = 1,
        most: int = 4,
        seconds_each: float = 0.0,
        scaling: dict[str, Any] | None = None,
    ) -> None:
        self.config = {
            "engine": self.aws.engine.to_json(),
            "resources": [*self._resources(desired, seconds_each), *(_scaling(scaling) if scaling else [])],
            "code": self.aws.code(package(1)),
            "work_dir": str(self.folder / "code"),
            "ready_file": str(self.folder / "ready.json"),
            "max_tasks": most,
        }
        self._write_config()
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.standins", str(self.folder / "config.json")],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        wait_until((self.folder / "ready.json").exists, "the stand-ins are ready")

    def update_code(self, version: int) -> None:
        """As `floodgate up --watch` does."""
        self.aws.prefix += "x"
        self._change_code(self.aws.code(package(version)))

    def update_code_to_nothing(self) -> None:
        """Name a package that is not there; what runs is to go on."""
        self._change_code({**self.config["code"], "key": "nothing.zip"})
        wait_until(lambda: "nothing.zip" in log_tail(self.folder / "log"), "the log tells of it")

    def _change_code(self, code: dict[str, str]) -> None:
        self.config["code"] = code
        self._write_config()
        self.signal(signal.SIGHUP)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(timeout=30)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=30)
            self._process.kill()
        print(log_tail(self.folder / "log", 60))

    def tasks(self) -> list[psutil.Process]:
        """Return the processes of tasks that are past their launcher, oldest first."""
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self._process.pid).children()
            return [child for child in children if "worker" in child.cmdline()[-1:]]
        return []

    def log_lines(self) -> list[str]:
        events = self.aws.logs.filter_log_events(logGroupName=self.log_group)["events"]
        return [event["message"] for event in events]

    def _write_config(self) -> None:
        (self.folder / "config.json").write_text(json.dumps(self.config))

    def _resources(self, desired: int, seconds_each: float) -> list[dict[str, Any]]:
        environment = {"WORK": self.work_url, "DONE": self.done_url, "SECONDS_EACH": str(seconds_each)}
        container = {
            "Name": "worker",
            "Command": ["python", "-m", "worker"],
            "Environment": [{"Name": name, "Value": value} for name, value in environment.items()],
            "StopTimeout": 20,
            "LogConfiguration": {
                "LogDriver": "awslogs",
                "Options": {"awslogs-group": self.log_group, "awslogs-stream-prefix": "ecs"},
            },
        }
        return [
            _resource("Tasks", "AWS::ECS::TaskDefinition", ContainerDefinitions=[container]),
            _resource("Workers", "AWS::ECS::Service", DesiredCount=desired, TaskDefinition="Tasks"),
        ]


def _resource(logical_id: str, kind: str, **properties: Any) -> dict[str, Any]:
    return {"logical_id": logical_id, "type": kind, "properties": properties}


def _scaling(scaling: dict[str, Any]) -> list[dict[str, Any]]:
    queue = [{"Name": "QueueName", "Value": scaling["queue"]}]
    visible = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": queue,
    }
    running = {"Namespace": "ECS/ContainerInsights", "MetricName": "RunningTaskCount"}
    metrics = [
        {"Id": "visible", "MetricStat": {"Metric": visible, "Stat": "Maximum"}, "ReturnData": False},
        {"Id": "running", "MetricStat": {"Metric": running, "Stat": "Average"}, "ReturnData": False},
        {"Id": "backlog", "Expression": "visible / FILL(running, 1)"},
    ]
    tracking = {
        "TargetValue": 5,
        "ScaleOutCooldown": 0,
        "ScaleInCooldown": 2,
        "CustomizedMetricSpecification": {"Metrics": metrics},
    }
    return [
        _resource(
            "Target",
            "AWS::ApplicationAutoScaling::ScalableTarget",
            ServiceNamespace="ecs",
            MinCapacity=1,
            MaxCapacity=20,
        ),
        _resource(
            "Policy",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            TargetTrackingScalingPolicyConfiguration=tracking,
        ),
    ]


@pytest.fixture
def service(aws: Aws, tmp_path: Path) -> Iterator[Service]:
    ensure("lambda-runtime", print)
    made = Service(aws, tmp_path)
    yield made
    made.stop()


def bodies(messages: list[dict[str, Any]]) -> list[str]:
    return sorted(message["Body"] for message in messages)


def test_tasks_work_log_and_stop_in_order(service: Service) -> None:
    service.start(desired=2)
    wait_until(lambda: service.log_lines().count("version 1 polls") == 2, "two tasks that poll")
    service.aws.send(service.work_url, "a", "b", "c")
    assert bodies(service.aws.take(service.done_url, 3)) == ["a", "b", "c"]
    service.signal(signal.SIGTERM)
    assert service.wait() == 0
    lines = service.log_lines()
    assert lines.count("stopped in order") == 2
    assert "handles a" in lines


def test_a_task_that_is_killed_in_its_work_is_replaced_and_nothing_is_lost(service: Service) -> None:
    service.start(seconds_each=1.0)
    service.aws.send(service.work_url, "a")
    wait_until(lambda: "handles a" in service.log_lines(), "the task has begun")
    (task,) = service.tasks()
    task.kill()
    assert bodies(service.aws.take(service.done_url, 1)) == ["a"]
    (other,) = service.tasks()
    assert other.pid != task.pid
    wait_until(lambda: service.aws.held(service.work_url) == 0, "the queue is empty")
    assert service.aws.held(service.done_url) == 0


def test_it_scales_out_on_backlog_and_in_without_losing_what_is_in_work(service: Service) -> None:
    names = [f"{number:02d}" for number in range(40)]
    service.aws.send(service.work_url, *names)
    queue = f"{service.aws.prefix}-work"
    service.start(most=3, seconds_each=0.3, scaling={"queue": queue})
    wait_until(
        lambda: len(service.tasks()) == 3, "as many tasks as the machine bears, fewer than the rule asks for"
    )
    assert bodies(service.aws.take(service.done_url, 40)) == names
    wait_until(lambda: len(service.tasks()) == 1, "scale-in to the minimum")
    wait_until(lambda: service.log_lines().count("stopped in order") == 2, "SIGTERM came before SIGKILL")
    assert service.aws.held(service.work_url) == 0
    assert service.aws.held(service.done_url) == 0


def test_new_code_replaces_tasks_after_new_ones_run(service: Service) -> None:
    service.start(seconds_each=0.5)
    wait_until(lambda: "version 1 polls" in service.log_lines(), "the first task")
    service.update_code_to_nothing()
    service.aws.send(service.work_url, "a", "b", "c", "d")
    service.update_code(2)
    wait_until(lambda: "version 2 polls" in service.log_lines(), "a task with new code")
    wait_until(lambda: "stopped in order" in service.log_lines(), "the old task has stopped")
    assert bodies(service.aws.take(service.done_url, 4)) == ["a", "b", "c", "d"]
    assert len(service.tasks()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the clearing of the stack ends the tasks")
def test_tasks_die_with_the_stand_ins(service: Service) -> None:
    service.start(desired=2)
    wait_until(lambda: len(service.tasks()) == 2, "two tasks")
    tasks = service.tasks()
    service.signal(signal.SIGKILL)
    service.wait()
    assert psutil.wait_procs(tasks, timeout=10)[1] == []
