"""What master and workers agree on, without a network between them."""

from __future__ import annotations

import importlib.metadata
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from harness.exceptions import UsageError
from harness.load.config import LoadConfig
from harness.load.distributed import neighbours
from harness.load.distributed.clock_offset import Exchange, best
from harness.load.distributed.job import files_of, forget_keys, job_for, reachable, unpack
from harness.load.distributed.lost import last_words
from harness.load.distributed.members import LOST_AFTER_S, State
from harness.load.distributed.messages import PROTOCOL, Job, Kind
from harness.load.distributed.reception import Reception
from harness.load.distributed.shipping import Inbox
from harness.load.distributed.token import (
    TOKEN_ENV,
    TOKEN_FILE_ENV,
    given_token,
    new_token,
    token_of_environment,
)
from harness.load.ledger_writer import LedgerWriter
from harness.load.plan import Plan
from harness.load.workload import Workload

pytestmark = pytest.mark.unit

WORKLOAD = Workload(description="own", rate_per_s=10.0, files=20, arrivals="constant")
ME = {
    "protocol": PROTOCOL,
    "version": importlib.metadata.version("floodgate-harness"),
    "host": "there",
    "pid": 7,
}


def config(folder: Path) -> LoadConfig:
    (folder / "key").write_text("a key")
    return LoadConfig.model_validate(
        {
            "run_id": "run",
            "scenario": "own",
            "sftp": {"host": "127.0.0.1", "port": 22, "host_key_fingerprint": "SHA256:x"},
            "users": [{"name": "c", "private_key_file": str(folder / "key")}],
            "source_bucket": "source",
            "ledger_dir": str(folder),
            "master": {"workers": 2},
        }
    )


class Post:
    """Collects what a reception sends."""

    def __init__(self, expected: int = 2) -> None:
        self.sent: list[tuple[Kind, Any, str]] = []
        job = Job(config={}, files={})
        self.reception = Reception(lambda *message: self.sent.append(message), lambda _shard: job, expected)

    def kinds(self, client_id: str) -> list[Kind]:
        return [kind for kind, _, to in self.sent if to == client_id]


class TestReception:
    def test_a_worker_that_asks_twice_has_one_part_of_the_schedule(self):
        post = Post()
        for client in ("a", "a", "b"):
            post.reception.take(Kind.JOIN, client, ME)
        assert [member.shard for member in post.reception.members.values()] == [0, 1]
        assert post.kinds("a") == [Kind.JOB, Kind.JOB]

    @pytest.mark.parametrize(
        ("change", "told"), [({"version": "0.0.1"}, "it is Floodgate 0.0.1"), ({"protocol": 99}, "Floodgate")]
    )
    def test_a_worker_of_another_version_is_refused(self, change, told):
        post = Post()
        post.reception.take(Kind.JOIN, "a", ME | change)
        [(kind, data, _)] = post.sent
        assert kind is Kind.REFUSED
        assert told in data["reason"]

    def test_a_start_that_was_lost_on_the_way_is_told_again(self):
        post = Post(expected=1)
        post.reception.take(Kind.JOIN, "a", ME)
        post.reception.take(Kind.READY, "a", {})
        assert post.reception.ready == 1
        post.reception.start(5.0)
        post.reception.take(Kind.READY, "a", {})
        assert post.kinds("a") == [Kind.JOB, Kind.START, Kind.START]

    def test_a_worker_that_was_given_up_is_not_heard_any_more(self, tmp_path):
        post = Post(expected=1)
        post.reception.take(Kind.JOIN, "a", ME)
        member = post.reception.members["a"]
        member.inbox = Inbox(LedgerWriter(tmp_path / "ledger"))
        member.state = State.LOST
        post.reception.take(Kind.LINES, "a", {"number": 1, "data": b"{}\n"})
        assert post.kinds("a")[-1] is Kind.REFUSED
        heard_at = member.heard_at
        post.reception.heard("a")
        assert post.kinds("a")[-2:] == [Kind.REFUSED, Kind.REFUSED], "at its first sign of life"
        assert member.heard_at == heard_at, "when it was lost stays"
        assert (tmp_path / "ledger").read_bytes() == b""

    def test_the_part_of_a_worker_that_ended_before_the_start_goes_to_the_next(self, monkeypatch):
        monkeypatch.setattr(neighbours, "has_ended", lambda pid: pid == 7)
        post = Post()
        post.reception.take(Kind.JOIN, "a", ME | {"pid_space": neighbours.pid_space()})
        post.reception.take(Kind.JOIN, "b", ME | {"pid_space": neighbours.pid_space(), "pid": 8})
        for member in post.reception.members.values():
            member.heard_at -= 5.0
        post.reception.forget_gone()
        post.reception.take(Kind.JOIN, "c", ME | {"pid": 9})
        parts = {name: member.shard for name, member in post.reception.members.items()}
        assert parts == {"b": 1, "c": 0}

    def test_a_process_id_of_another_machine_says_nothing(self, monkeypatch):
        monkeypatch.setattr(neighbours, "has_ended", lambda _pid: True)
        post = Post()
        post.reception.take(Kind.JOIN, "a", ME | {"pid_space": "another boot"})
        post.reception.members["a"].heard_at -= LOST_AFTER_S / 2
        assert not post.reception.members["a"].gone
        post.reception.members["a"].heard_at -= LOST_AFTER_S
        assert post.reception.members["a"].gone

    def test_lines_before_the_start_are_not_taken(self):
        post = Post()
        post.reception.take(Kind.JOIN, "a", ME)
        post.reception.take(Kind.LINES, "a", {"number": 1, "data": b"{}\n"})
        assert post.kinds("a") == [Kind.JOB]

    def test_a_stop_comes_with_every_receipt(self, tmp_path):
        post = Post(expected=1)
        post.reception.take(Kind.JOIN, "a", ME)
        post.reception.members["a"].inbox = Inbox(LedgerWriter(tmp_path / "ledger"))
        post.reception.stop("signal")
        post.reception.take(Kind.LINES, "a", {"number": 1, "data": b"{}\n"})
        kind, data, _ = post.sent[-1]
        assert (kind, data) == (Kind.KEPT, {"number": 1, "stops": 1, "reason": "signal"})


class TestJob:
    def test_files_of_another_machine_are_written_to_the_workers_own_folder(self, tmp_path):
        own, scenario = tmp_path / "worker", tmp_path / "scenario.yaml"
        own.mkdir()
        scenario.write_text("description: x")
        master = config(tmp_path)
        job = job_for(master, scenario, WORKLOAD, files_of(master, scenario, WORKLOAD), 1, 2)
        (tmp_path / "key").unlink()
        found = unpack(json_safe(job), own, "master.example")
        key = found.users[0].private_key_file
        assert (key.read_text(), key.stat().st_mode & 0o077) == ("a key", 0)
        assert key.is_relative_to(own)
        assert found.scenario == str(scenario), "which is there, with the same content"
        assert (found.shard, found.shards, found.worker, found.master) == (1, 2, "2", None)
        assert found.sftp.host == "master.example"
        assert found.workload == WORKLOAD
        forget_keys(found, own)
        assert not key.exists()

    def test_a_key_that_is_not_there_is_told_before_anything_starts(self, tmp_path):
        master = config(tmp_path)
        (tmp_path / "key").unlink()
        with pytest.raises(UsageError, match="key cannot be read"):
            files_of(master, tmp_path / "key", WORKLOAD)

    @pytest.mark.parametrize(
        ("host", "found"),
        [
            ("127.0.0.1", "m"),
            ("0.0.0.0", "m"),
            ("::1", "m"),
            ("localhost", "m"),
            ("10.0.0.8", "10.0.0.8"),
            ("sftp.example", "sftp.example"),
        ],
    )
    def test_this_machine_means_the_masters(self, host, found):
        assert reachable(host, "m") == found


class TestLastWords:
    def test_every_file_of_the_part_is_accounted_for(self, tmp_path):
        ledger = tmp_path / "ledger"
        ledger.write_text('{"e":"offered","id":"run-0000002","seq":2}\n{"e":"started","id":"run-0000002"}\n')
        lines: list[Any] = list(
            last_words(part(tmp_path), ledger, starts_at=100.0, seen_at=100.6, until=float("inf"))
        )
        offered = [line["seq"] for line in lines if line["e"] == "offered"]
        assert offered == [4, 6, 8, 10, 12, 14, 16, 18, 20]
        given_up = [line["id"] for line in lines if line["e"] == "not_started"]
        assert given_up[0] == "run-0000008", "number 6 came at 0.5 s, and may have been uploaded"
        assert (lines[-1]["e"], lines[-1]["offered"]) == ("end", 10)

    def test_a_worker_that_was_lost_after_its_last_line_needs_nobody_to_speak_for_it(self, tmp_path):
        (tmp_path / "ledger").write_text('{"e":"end","offered":0,"at":1.0,"reason":"complete"}\n')
        lines = last_words(part(tmp_path), tmp_path / "ledger", starts_at=0.0, seen_at=0.0, until=1.0)
        assert list(lines) == []

    def test_nothing_is_offered_after_the_load_was_stopped(self, tmp_path):
        (tmp_path / "ledger").write_text("")
        lines: list[Any] = list(
            last_words(part(tmp_path), tmp_path / "ledger", starts_at=0.0, seen_at=0.0, until=0.35)
        )
        assert [line["seq"] for line in lines if line["e"] == "offered"] == [2, 4]


class TestClock:
    def test_the_quickest_exchange_counts(self):
        found = best([Exchange(0.0, 12.0, 4.0), Exchange(10.0, 20.1, 10.2)])
        assert found.ahead_s == pytest.approx(10.0)
        assert found.error_s == pytest.approx(0.1)
        assert found.correction_s == pytest.approx(10.0)

    def test_a_difference_within_the_error_is_none(self):
        assert best([Exchange(0.0, 0.06, 0.1)]).correction_s == 0.0


class TestToken:
    def test_made_ones_are_accepted_and_short_ones_are_not(self, monkeypatch):
        monkeypatch.setenv(TOKEN_ENV, new_token())
        assert token_of_environment() != new_token()
        monkeypatch.setenv(TOKEN_ENV, "short")
        with pytest.raises(UsageError, match="at least 16"):
            token_of_environment()

    def test_a_file_may_hold_it(self, monkeypatch, tmp_path):
        token, file = new_token(), tmp_path / "token"
        file.write_text(f"{token}\n")
        monkeypatch.setenv(TOKEN_FILE_ENV, str(file))
        monkeypatch.setenv(TOKEN_ENV, "")  # as Compose hands on a variable that is empty
        assert given_token() == token
        monkeypatch.setenv(TOKEN_ENV, other := new_token())
        assert given_token() == other

    def test_a_file_that_is_empty_is_not_taken_for_no_token(self, monkeypatch, tmp_path):
        (tmp_path / "token").touch()
        monkeypatch.delenv(TOKEN_ENV, raising=False)
        monkeypatch.setenv(TOKEN_FILE_ENV, str(tmp_path / "token"))
        with pytest.raises(UsageError, match="at least 16"):
            given_token()

    def test_a_file_that_cannot_be_read_is_told_and_no_token_is_none(self, monkeypatch, tmp_path):
        monkeypatch.delenv(TOKEN_ENV, raising=False)
        assert given_token() is None
        monkeypatch.setenv(TOKEN_FILE_ENV, str(tmp_path / "gone"))
        with pytest.raises(UsageError, match=f"{TOKEN_FILE_ENV} cannot be read.*gone"):
            given_token()


def part(folder: Path) -> Any:
    """The second of two parts of the schedule: numbers 2, 4, 6, …"""
    master = config(folder)
    return islice(Plan("run", 1, WORKLOAD, master.users, "source").arrivals(), 1, None, 2)


def json_safe(job: Job) -> Job:
    """What arrives of it: the configuration is plain data."""
    return Job(config=json.loads(json.dumps(job["config"])), files=job["files"])
