"""What a real session leaves behind on a real engine: events, log lines of both kinds, metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness import aws
from harness.engines.base import EngineInfo
from tests.integration.sftp.clients import paramiko_sftp
from tests.integration.sftp.conftest import MakeFrontEnd
from tests.integration.sftp.front_end import SERVER_ID, FrontEnd, until

pytestmark = pytest.mark.integration

USER = "mary-records"
GROUP = "/records/structured"
LEGACY_GROUP = f"/aws/transfer/{SERVER_ID}"


@pytest.fixture(scope="module")
def queue(localstack: EngineInfo, bucket: str) -> Iterator[str]:
    """A queue that a rule on the default bus sends Transfer's events of our user to."""
    events, sqs = aws.client("events", localstack), aws.client("sqs", localstack)
    url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.transfer"], "detail": {"username": [USER]}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    events.remove_targets(Rule=bucket, Ids=["queue"])
    events.delete_rule(Name=bucket)


@pytest.fixture(scope="module")
def session(make_front_end: MakeFrontEnd, localstack: EngineInfo, queue: str) -> FrontEnd:
    """A server that has seen one session with a bit of everything, and a second one that was cut off."""
    aws.client("logs", localstack).create_log_group(logGroupName=GROUP)
    front_end = make_front_end(
        names=(USER,),
        settings={
            "log_group": GROUP,
            "logging_role": "arn:aws:iam::000000000000:role/logs",
            "log_interval_s": 0.2,
            "metrics_interval_s": 0.5,
            "partial_upload": "keep",
        },
    )
    login = front_end.login(USER)
    with paramiko_sftp(front_end, login) as client:
        client.mkdir("in")
        with client.open("in/file", "wb") as file:
            file.write(b"12345")
        with client.open("in/file", "rb") as file:
            assert file.read() == b"12345"
        client.rename("in/file", "in/renamed")
        with pytest.raises(OSError, match="not empty"):
            client.rmdir("in")
        client.remove("in/renamed")
        client.rmdir("in")
    with paramiko_sftp(front_end, login) as client:
        file = client.open("cut", "wb")
        file.write(b"123")
        client.get_channel().get_transport().close()
        until("the cut upload is in the journal", lambda: front_end.uploads("partial"))
    return front_end


EXPECTED = [
    "SFTP Server Directory Create Completed",
    "SFTP Server File Upload Completed",
    "SFTP Server File Download Completed",
    "SFTP Server File Rename Completed",
    "SFTP Server Directory Delete Failed",
    "SFTP Server File Delete Completed",
    "SFTP Server Directory Delete Completed",
    "SFTP Server File Upload Failed",
]


@pytest.fixture(scope="module")
def events(session: FrontEnd, localstack: EngineInfo, queue: str) -> list[dict[str, Any]]:
    sqs = aws.client("sqs", localstack)
    received: list[dict[str, Any]] = []

    def all_came() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        received.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return len(received) >= len(EXPECTED)

    until("all events", all_came)
    return sorted(received, key=lambda event: event["detail"]["end-timestamp"])


def test_a_rule_gets_an_event_for_everything_that_a_session_did(events: list[dict[str, Any]]) -> None:
    assert [event["detail-type"] for event in events] == EXPECTED
    assert {event["source"] for event in events} == {"aws.transfer"}
    arn = f"arn:aws:transfer:us-east-1:000000000000:server/{SERVER_ID}"
    assert all(event["resources"] == [arn] for event in events)


def test_the_event_of_an_upload(events: list[dict[str, Any]], bucket: str, session: FrontEnd) -> None:
    (upload,) = (event for event in events if event["detail-type"] == EXPECTED[1])
    detail = upload["detail"]
    (closed,) = session.uploads("closed")
    assert detail.pop("start-timestamp") < detail.pop("end-timestamp")
    assert detail == {
        "status-code": "COMPLETED",
        "protocol": "SFTP",
        "bytes": 5,
        "client-ip": "127.0.0.1",
        "etag": closed["etag"],
        "file-path": f"/{bucket}/{USER}/in/file",
        "server-id": SERVER_ID,
        "username": USER,
        "session-id": closed["session_id"],
    }
    assert '"' not in closed["etag"]


def test_the_event_of_a_partial_upload(events: list[dict[str, Any]], s3: Any, bucket: str) -> None:
    detail = events[-1]["detail"]
    stored = s3.head_object(Bucket=bucket, Key=f"{USER}/cut")
    assert (detail["failure-code"], detail["failure-message"], detail["bytes"], f'"{detail["etag"]}"') == (
        "PARTIAL_UPLOAD",
        "File was partially uploaded.",
        3,
        stored["ETag"],
    )


def _messages(localstack: EngineInfo, group: str, count: int) -> list[list[str]]:
    """Return the lines of each stream of the user, the older stream first, when there are `count` in all."""
    logs = aws.client("logs", localstack)

    def lines() -> list[list[str]]:
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{USER}.")["logStreams"]
        found = []
        for stream in sorted(streams, key=lambda stream: stream["creationTime"]):
            name = stream["logStreamName"]
            answer = logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)
            found.append([event["message"] for event in answer["events"]])
        return found if sum(map(len, found)) >= count else []

    found: list[list[str]] = until(f"{count} lines in {group}", lines)
    return found


ACTIVITIES = [
    [
        "CONNECTED",
        "MKDIR",
        "OPEN",
        "CLOSE",
        "OPEN",
        "CLOSE",
        "RENAME",
        "RMDIR",
        "ERROR",
        "DELETE",
        "RMDIR",
        "DISCONNECTED",
    ],
    ["CONNECTED", "OPEN", "PARTIAL_CLOSE", "DISCONNECTED"],
]


def _without_exit_reason(activities: Iterable[str]) -> list[str]:
    """paramiko hangs up without a word, which is one."""
    return [activity for activity in activities if activity != "EXIT_REASON"]


def test_structured_log_lines_are_in_their_streams_in_order(
    session: FrontEnd, localstack: EngineInfo, bucket: str
) -> None:
    first, second = _messages(localstack, GROUP, 18)
    lines = [json.loads(line) for line in first]
    assert _without_exit_reason(line["activity-type"] for line in lines) == ACTIVITIES[0]
    assert _without_exit_reason(json.loads(line)["activity-type"] for line in second) == ACTIVITIES[1]
    folder = f"/{bucket}/{USER}/in"
    assert lines[6] == {
        "path": f"{folder}/file",
        "new-path": f"{folder}/renamed",
        "activity-type": "RENAME",
        "resource-arn": lines[0]["resource-arn"],
        "session-id": lines[0]["session-id"],
    }


def test_text_log_lines_are_in_the_group_of_the_server(
    session: FrontEnd,
    localstack: EngineInfo,
    bucket: str,
) -> None:
    first, second = _messages(localstack, LEGACY_GROUP, 18)
    assert _without_exit_reason(line.split()[1] for line in first) == ACTIVITIES[0]
    assert first[2].split()[1:] == ["OPEN", f"Path=/{bucket}/{USER}/in/file", "Mode=CREATE|TRUNCATE|WRITE"]
    assert second[0].split()[1] == "CONNECTED"


def test_metrics_are_readable(session: FrontEnd, localstack: EngineInfo) -> None:
    """Other front ends have the same id, but send their metrics when they stop."""
    cloudwatch = aws.client("cloudwatch", localstack)

    def total(name: str) -> float:
        now = datetime.now(UTC)
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/Transfer",
            MetricName=name,
            Dimensions=[{"Name": "ServerId", "Value": SERVER_ID}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    until("the files are counted", lambda: total("FilesIn") and total("BytesIn") >= 8 and total("FilesOut"))
    assert total("BytesOut") >= 5
