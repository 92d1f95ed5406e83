"""Functions and state machines of `pipeline/`, put on the engine without its template, in all their
styles."""

from __future__ import annotations

import json
import re
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import pytest

from harness.aws import client
from harness.deploy import package
from harness.engines.base import EngineInfo
from harness.identity import file_id

T = TypeVar("T")
DEFINITIONS = Path(__file__).parents[3] / "pipeline" / "statemachines"
MAX_SIZE_BYTES = 100_000
_ROLE = "arn:aws:iam::000000000000:role/test"


@dataclass(frozen=True)
class Upload:
    """What was put into the source bucket, and the event that tells of it."""

    key: str
    version_id: str
    event: dict[str, Any]
    file_id: str


@dataclass
class Workflow:
    """Buckets, table, topic, functions; machines by their style. Tests use keys of their own."""

    engine: EngineInfo
    name: str = field(default_factory=lambda: f"wf-{uuid.uuid4().hex[:8]}")
    functions: dict[str, str] = field(default_factory=dict)
    machines: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3 = client("s3", self.engine)
        self.sfn = client("stepfunctions", self.engine)
        self.sns = client("sns", self.engine)
        self.sqs = client("sqs", self.engine)
        self.lambda_ = client("lambda", self.engine)
        self.dynamodb = client("dynamodb", self.engine)
        self.events = client("events", self.engine)
        self.source, self.destination = f"{self.name}-source", f"{self.name}-destination"
        self.processing, self.table = f"{self.name}-processing", f"{self.name}-rows"

    def deploy(self) -> None:
        """Make everything but the machines, which are made when a test first asks for them."""
        for bucket in (self.source, self.destination, self.processing):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "file_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}],
        )
        self.topic = self.sns.create_topic(Name=f"{self.name}-results")["TopicArn"]
        self.inbox = self.sqs.create_queue(QueueName=f"{self.name}-inbox")["QueueUrl"]
        self.work = self.sqs.create_queue(QueueName=f"{self.name}-work")["QueueUrl"]
        inbox_arn = self.queue_arn(self.inbox)
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=inbox_arn,
            Attributes={"RawMessageDelivery": "true"},
        )
        code = package.build(print).path.read_bytes()
        for role, variables in self._variables().items():
            self.functions[role] = self._create_function(role, code, variables)
        for arn in self.functions.values():
            self._wait_until_active(arn)

    def queue_arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def _variables(self) -> dict[str, dict[str, str]]:
        records = {"TABLE_NAME": self.table, "DESTINATION_BUCKET": self.destination}
        return {
            "Validate": {
                **records,
                "MAX_SIZE_BYTES": str(MAX_SIZE_BYTES),
                "ALLOWED_SUFFIXES": ".csv,.txt,.bin",
            },
            "Download": {"ALLOWED_CONTENT_TYPES": "text/csv,text/plain,application/gzip"},
            "Process": {"PROCESSING_BUCKET": self.processing},
            "Upload": records,
            "Copy": records,
            "Notify": {**records, "RESULTS_TOPIC_ARN": self.topic},
        }

    def _create_function(
        self, role: str, code: bytes, variables: Mapping[str, str], *, handler: str | None = None
    ) -> str:
        answer = self.lambda_.create_function(
            FunctionName=f"{self.name}-{role.lower()}",
            Runtime=package.python_runtime(),
            Handler=handler or f"pipeline.handlers.{role.lower()}.handler",
            Role=_ROLE,
            Code={"ZipFile": code},
            Timeout=60,
            MemorySize=256,
            Environment={"Variables": {"POWERTOOLS_SERVICE_NAME": "test", **variables}},
        )
        return str(answer["FunctionArn"])

    def _wait_until_active(self, function: str) -> None:
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})

    def starter(self, machine_arn: str) -> str:
        """Make the Starter for a machine and return its name."""
        variables = {"STATE_MACHINE_ARN": machine_arn, "WORK_QUEUE_URL": self.work}
        code = package.build(print).path.read_bytes()
        self.functions["Starter"] = self._create_function("Starter", code, variables)
        self._wait_until_active(self.functions["Starter"])
        return f"{self.name}-starter"

    def dying(self, task: str) -> str:
        """Make a function of `dying.py` and return its ARN."""
        code = BytesIO(package.build(print).path.read_bytes())
        with zipfile.ZipFile(code, "a") as archive:
            archive.write(Path(__file__).with_name("dying.py"), "dying.py")
        role = f"Dying-{task}"
        variables = self._variables()[task.capitalize()]
        arn = self._create_function(role, code.getvalue(), variables, handler=f"dying.{task}")
        self._wait_until_active(arn)
        return arn

    def machine(
        self,
        definition: str,
        transform: str = "none",
        *,
        topic: str | None = None,
        timeout_s: int | None = None,
        functions: Mapping[str, str] | None = None,
    ) -> str:
        """Return the ARN of a machine, with its child where it has one.

        :param topic: another topic; with it nothing is retried
        :param timeout_s: of the whole machine, in place of its own
        :param functions: ARNs that take the place of the real functions, by role
        """
        name = f"{self.name}-{definition}-{transform}{'-muted' if topic else ''}{timeout_s or ''}"
        name += "".join(f"-own-{role}" for role in functions or ())
        if name not in self.machines:
            express = definition.endswith("express")
            child = f"{name}-child"
            substitutions = {
                **{
                    f"{role}FunctionArn": arn for role, arn in {**self.functions, **(functions or {})}.items()
                },
                "ResultsTopicArn": topic or self.topic,
                "DestinationBucket": self.destination,
                "Transform": transform,
                "ChildStartAt": "Route" if "mixed" in definition else "Download",
            }
            if "nested" in definition or "mixed" in definition:
                kind = "EXPRESS" if express else "STANDARD"
                text = "child-express" if express else "child"
                substitutions["ChildStateMachineArn"] = self._create_machine(child, text, substitutions, kind)
            self.machines[name] = self._create_machine(name, definition, substitutions, "STANDARD", timeout_s)
        return self.machines[name]

    def _create_machine(
        self,
        name: str,
        definition: str,
        substitutions: Mapping[str, str],
        kind: str,
        timeout_s: int | None = None,
    ) -> str:
        text = (DEFINITIONS / f"{definition}.asl.json").read_text()
        substituted = re.sub(r"\$\{(\w+)\}", lambda found: substitutions[found[1]], text)
        if substitutions["ResultsTopicArn"] != self.topic:
            substituted = re.sub(r'"MaxAttempts": \d+', '"MaxAttempts": 0', substituted)
        if timeout_s:
            substituted = re.sub(
                r'"TimeoutSeconds": \d+', f'"TimeoutSeconds": {timeout_s}', substituted, count=1
            )
        answer = self.sfn.create_state_machine(name=name, definition=substituted, roleArn=_ROLE, type=kind)
        return str(answer["stateMachineArn"])

    def put(self, name: str, body: bytes = b"a,b\n1,2\n", **more: Any) -> Upload:
        """Upload a file of a new customer."""
        key = f"c-{uuid.uuid4().hex[:8]}/{name}"
        return self.put_again(key, body, **more)

    def put_again(self, key: str, body: bytes, **more: Any) -> Upload:
        answer = self.s3.put_object(Bucket=self.source, Key=key, Body=body, **more)
        version = answer["VersionId"]
        event = {
            "id": str(uuid.uuid4()),
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": "2026-11-22T20:00:00Z",
            "detail": {
                "bucket": {"name": self.source},
                "object": {
                    "key": key,
                    "size": len(body),
                    "etag": answer["ETag"].strip('"'),
                    "version-id": version,
                    "sequencer": f"{time.time_ns():018x}",
                },
            },
        }
        return Upload(key, version, event, file_id(self.source, key, version))

    def start(self, machine_arn: str, given: Any, **more: Any) -> str:
        answer = self.sfn.start_execution(stateMachineArn=machine_arn, input=json.dumps(given), **more)
        return str(answer["executionArn"])

    def run(self, machine_arn: str, given: Any, **more: Any) -> dict[str, Any]:
        """Start an execution, wait for its end, and return its description."""
        arn = self.start(machine_arn, given, **more)
        return wait_until(lambda: self.ended(arn), lambda: str(self.states(arn)))

    def ended(self, arn: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self.sfn.describe_execution(executionArn=arn)
        return None if found["status"] == "RUNNING" else found

    def states(self, arn: str) -> list[str]:
        """Return the names of the states that an execution has entered, from its history."""
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]

    def row(self, upload: Upload) -> dict[str, Any]:
        found = self.dynamodb.get_item(
            TableName=self.table, Key={"file_id": {"S": upload.file_id}}, ConsistentRead=True
        )
        return {name: next(iter(value.values())) for name, value in found.get("Item", {}).items()}

    def delivered(self, key: str) -> list[dict[str, Any]]:
        answer = self.s3.list_object_versions(Bucket=self.destination, Prefix=key)
        versions: list[dict[str, Any]] = answer.get("Versions", [])
        return versions

    def heard(self) -> list[dict[str, Any]]:
        """Take what has come into the inbox; return all that ever came, the newest first."""
        answer = self.sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
            self.messages.insert(0, json.loads(message["Body"]))
        return self.messages

    def message_about(self, key: str) -> dict[str, Any]:
        """Wait for the message that the topic has sent about a file."""

        def look() -> dict[str, Any] | None:
            return next((body for body in self.heard() if body.get("key") == key), None)

        return wait_until(look, lambda: f"no message about {key}")


def wait_until(look: Callable[[], T | None], describe: Callable[[], str], *, timeout_s: float = 60) -> T:
    """Return the first true answer of `look`; fail with a description after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"nothing came of it in {timeout_s:.0f} s. {describe()}")
        time.sleep(0.05)
    return found
