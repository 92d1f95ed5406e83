"""Event source mappings of queues with real functions: several batches at once, and what becomes of failures.

Handlers write one JSON line for each event that matters into a file of the test, so that overlap can be read
from their own times.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.engine_plugin.lambdas import create_function, eventually, wait_for_state
from tests.integration.engine_plugin.localstack_process import LocalStackProcess

pytestmark = pytest.mark.integration

RECORDER = """
    import json, os, time

    def note(**what):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(json.dumps(what) + "\\n")
"""

SLEEPER = (
    RECORDER
    + """
    def handler(event, context):
        started = time.time()
        bodies = [record["body"] for record in event["Records"]]
        time.sleep(3600 if "hang" in bodies else float(os.environ.get("SECONDS", "0")))
        note(bodies=bodies, started=started, ended=time.time(),
             groups=[record["attributes"].get("MessageGroupId") for record in event["Records"]])
"""
)

JUDGE = (
    RECORDER
    + """
    def handler(event, context):
        note(bodies=[record["body"] for record in event["Records"]], started=time.time(), ended=time.time())
        commands = {record["body"]: record["messageId"] for record in event["Records"]}
        if "raise" in commands:
            raise RuntimeError("asked to")
        if "malformed" in commands:
            return {"batchItemFailures": [{"itemIdentifier": ""}]}
        return {"batchItemFailures": [
            {"itemIdentifier": id} for body, id in commands.items() if body == "fail"]}
"""
)


@dataclass
class Pipe:
    """A queue, a function and the mapping between them."""

    localstack: LocalStackProcess
    name: str
    notes_file: Path
    queue_url: str = ""
    queue_arn: str = ""
    mapping_id: str = ""
    sqs: Any = field(init=False)
    functions: Any = field(init=False)

    def __post_init__(self) -> None:
        self.sqs = self.localstack.client("sqs")
        self.functions = self.localstack.client("lambda")

    def create(
        self,
        source: str,
        *,
        queue: dict[str, str] | None = None,
        function: dict[str, Any] | None = None,
        seconds: float = 0,
        **mapping: Any,
    ) -> None:
        attributes = {"VisibilityTimeout": "30", **(queue or {})}
        queue_name = self.name + (".fifo" if "FifoQueue" in attributes else "")
        self.queue_url = self.sqs.create_queue(QueueName=queue_name, Attributes=attributes)["QueueUrl"]
        self.queue_arn = self.attribute("QueueArn")
        environment = {"NOTES": str(self.notes_file), "SECONDS": str(seconds)}
        create_function(
            self.functions, self.name, source, Environment={"Variables": environment}, **(function or {})
        )
        self.mapping_id = self.functions.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.queue_arn, **mapping
        )["UUID"]
        wait_for_state(self.functions, self.mapping_id, "Enabled")

    def send(self, *bodies: str, group: str | None = None) -> None:
        for body in bodies:
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": body} if group else {}
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, **fifo)

    def notes(self) -> list[dict[str, Any]]:
        if not self.notes_file.exists():
            return []
        return [json.loads(line) for line in self.notes_file.read_text().splitlines()]

    def seen(self) -> list[str]:
        return [body for note in self.notes() for body in note["bodies"]]

    def attribute(self, name: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=[name])
        return str(answer["Attributes"][name])

    def left(self) -> int:
        """Messages in the queue, visible or not."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(self.attribute(name)) for name in names)

    def remove(self) -> None:
        if self.mapping_id:
            self.functions.delete_event_source_mapping(UUID=self.mapping_id)
        if self.queue_url:
            self.sqs.delete_queue(QueueUrl=self.queue_url)
            self.functions.delete_function(FunctionName=self.name)


@pytest.fixture
def pipe(localstack: LocalStackProcess, unique: str, tmp_path: Path) -> Iterator[Pipe]:
    pipe = Pipe(localstack, f"mapping-{unique}", tmp_path / "notes.jsonl")
    try:
        yield pipe
    finally:
        pipe.remove()


def most_at_once(notes: list[dict[str, Any]]) -> int:
    changes = sorted(
        itertools.chain(
            ((note["started"], 1) for note in notes),
            ((note["ended"], -1) for note in notes),
        )
    )
    return max(itertools.accumulate(change for _, change in changes))


def test_twelve_one_second_messages_run_four_at_once(pipe: Pipe) -> None:
    pipe.create(SLEEPER, seconds=1, BatchSize=1, ScalingConfig={"MaximumConcurrency": 4})
    pipe.send(*(str(number) for number in range(12)))
    eventually(lambda: len(pipe.seen()) == 12)
    assert most_at_once(pipe.notes()) == 4
    eventually(lambda: pipe.left() == 0)


def test_reserved_concurrency_is_kept(pipe: Pipe) -> None:
    pipe.create(SLEEPER, seconds=0.5, BatchSize=1)
    pipe.functions.put_function_concurrency(FunctionName=pipe.name, ReservedConcurrentExecutions=2)
    pipe.send(*(str(number) for number in range(8)))
    eventually(lambda: len(pipe.seen()) == 8)
    assert most_at_once(pipe.notes()) == 2
    assert sorted(pipe.seen()) == sorted(str(number) for number in range(8))


def test_a_hung_handler_stops_nothing_else(pipe: Pipe) -> None:
    pipe.create(SLEEPER, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    pipe.send("hang", *(str(number) for number in range(10)))
    eventually(lambda: len(pipe.seen()) == 10)
    assert "hang" not in pipe.seen()


def test_reported_failures_come_back_and_end_in_the_dead_letter_queue(pipe: Pipe) -> None:
    dead = pipe.sqs.create_queue(QueueName=f"{pipe.name}-dead")["QueueUrl"]
    dead_arn = pipe.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": dead_arn["QueueArn"], "maxReceiveCount": "2"}
    pipe.create(
        JUDGE,
        queue={"VisibilityTimeout": "5", "RedrivePolicy": json.dumps(redrive)},
        function={"timeout_s": 1},
        BatchSize=10,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    pipe.send("good-1", "fail", "good-2")
    found: list[str] = []

    def dead_letter() -> bool:
        answer = pipe.sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1)
        found.extend(message["Body"] for message in answer.get("Messages", []))
        return bool(found)

    eventually(dead_letter)
    assert found == ["fail"]
    assert sorted(pipe.seen()) == ["fail", "fail", "good-1", "good-2"]


@pytest.mark.parametrize("command", ["raise", "malformed"])
def test_a_failed_batch_comes_back_whole(pipe: Pipe, command: str) -> None:
    pipe.create(
        JUDGE,
        queue={"VisibilityTimeout": "4"},
        function={"timeout_s": 1},
        BatchSize=2,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    pipe.send("innocent", command)
    eventually(lambda: pipe.seen().count(command) >= 2 and pipe.seen().count("innocent") >= 2)
    assert pipe.left() >= 1


def test_fifo_groups_keep_their_order_and_run_side_by_side(pipe: Pipe) -> None:
    pipe.create(SLEEPER, queue={"FifoQueue": "true"}, seconds=0.3, BatchSize=1)
    groups = [f"g{number}" for number in range(4)]
    for number in range(3):
        for group in groups:
            pipe.send(f"{group}-{number}", group=group)
    eventually(lambda: len(pipe.seen()) == 12)
    for group in groups:
        of_group = [note for note in pipe.notes() if group in note["groups"]]
        assert most_at_once(of_group) == 1
        in_order = sorted(of_group, key=lambda note: float(note["started"]))
        assert [body for note in in_order for body in note["bodies"]] == [
            f"{group}-{number}" for number in range(3)
        ]
    assert most_at_once(pipe.notes()) > 1


def test_filtered_messages_are_dropped_and_bodies_stay_as_they_were_sent(pipe: Pipe) -> None:
    pattern = json.dumps({"body": {"kind": ["wanted"]}})
    pipe.create(SLEEPER, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    wanted = '{"kind":   "wanted", "name": "é"}'
    pipe.send('{"kind": "other"}', wanted)
    eventually(lambda: pipe.seen() == [wanted] and pipe.left() == 0)


def test_disabled_mapping_leaves_messages_and_enabled_takes_them(pipe: Pipe) -> None:
    pipe.create(SLEEPER)
    pipe.functions.update_event_source_mapping(UUID=pipe.mapping_id, Enabled=False)
    wait_for_state(pipe.functions, pipe.mapping_id, "Disabled")
    pipe.send("later")
    assert pipe.attribute("ApproximateNumberOfMessages") == "1"
    pipe.functions.update_event_source_mapping(UUID=pipe.mapping_id, Enabled=True)
    eventually(lambda: pipe.seen() == ["later"])


def test_engine_with_a_busy_mapping_stops_cleanly(
    localstack_python: Path, lambda_python: Path, tmp_path: Path, unique: str
) -> None:
    process = LocalStackProcess(localstack_python, lambda_python, tmp_path)
    try:
        process.start()
        pipe = Pipe(process, f"stopped-{unique}", tmp_path / "notes.jsonl")
        pipe.create(SLEEPER, BatchSize=1)
        pipe.send("hang", "quick")
        eventually(lambda: pipe.seen() == ["quick"])
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.stop()
    assert "Traceback" not in process.log_text()
    eventually(lambda: not any(child.is_running() for child in children))
