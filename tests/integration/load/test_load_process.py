"""The load process against a real SFTP server that works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.load.catalogue import scenario
from harness.load.config import Login
from harness.load.content import content_source
from harness.load.plan import Plan
from tests.integration.load.conftest import REPOSITORY, Bench, assert_conserved, causes

pytestmark = pytest.mark.integration


def test_every_file_of_the_smoke_scenario_arrives_as_the_ledger_says(bench: Bench):
    server = bench.server()
    load = bench.load(server)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    sha256 = {line["id"]: line["sha256"] for line in load.lines("uploaded")}
    assert len(sha256) == 20
    received = server.uploads()
    for line in load.lines("offered"):
        upload = received[f"/incoming/{line['id']}.csv"]
        assert line["key"] == f"{line['customer_id']}/incoming/{line['id']}.csv"
        assert upload["size_bytes"] == line["size_bytes"]
        assert upload["sha256"] == sha256[line["id"]]
        assert upload["sha256"] == content_source(7).sha256(line["seq"], line["size_bytes"])


def test_times_of_a_file_are_in_order(bench: Bench):
    load = bench.load(bench.server())
    assert load.wait() == 0, load.stderr
    intended = {line["id"]: line["intended_at"] for line in load.lines("offered")}
    started = {line["id"]: line["at"] for line in load.lines("started")}
    uploaded = {line["id"]: line["at"] for line in load.lines("uploaded")}
    assert set(intended) == set(started) == set(uploaded)
    assert all(intended[file] <= started[file] <= uploaded[file] for file in intended)


def test_what_is_offered_is_the_plan(bench: Bench):
    load = bench.load(bench.server(), seed=3)
    assert load.wait() == 0, load.stderr
    starts_at = load.lines("header")[0]["starts_at"]
    logins = [Login(name=f"customer-{number}", private_key_file=Path("key")) for number in range(4)]
    plan = list(Plan("run", 3, scenario("smoke").workload, logins, "source").arrivals())
    offered = load.lines("offered")
    assert [(line["key"], line["size_bytes"]) for line in offered] == [(a.key, a.size_bytes) for a in plan]
    offsets_s = [line["intended_at"] - starts_at for line in offered]
    assert offsets_s == pytest.approx([a.offset_s for a in plan], abs=1e-5)


def test_a_file_too_big_to_prepare_arrives_whole(bench: Bench):
    size_bytes = 5 * 1024 * 1024 + 1
    own = bench.scenario(
        f"rate_per_s=5.0, files=2, sizes=(SizeClass(min_bytes={size_bytes}, max_bytes={size_bytes}),)"
    )
    server = bench.server()
    load = bench.load(server, own)
    assert load.wait() == 0, load.stderr
    received = sorted(upload["sha256"] for upload in server.uploads().values())
    assert received == sorted(line["sha256"] for line in load.lines("uploaded"))
    assert received == sorted(content_source(7).sha256(number, size_bytes) for number in (1, 2))


def test_reused_sessions_are_few_and_fresh_ones_serve_one_file_each(bench: Bench):
    own = bench.scenario("rate_per_s=40.0, files=80, customers=2, fresh_session_share=0.25")
    server = bench.server()
    load = bench.load(server, own)
    assert load.wait() == 0, load.stderr
    fresh = {line["id"]: line["fresh_session"] for line in load.lines("offered")}
    assert set(fresh.values()) == {True, False}
    sessions: dict[bool, list[int]] = {True: [], False: []}
    for upload in server.uploads().values():
        sessions[fresh[Path(upload["path"]).stem]].append(upload["session"])
    assert len(sessions[True]) == len(set(sessions[True]))
    assert len(set(sessions[False])) <= 2 * 4
    assert not set(sessions[True]) & set(sessions[False])


def test_more_customers_than_sessions_may_stay_open(bench: Bench):
    own = bench.scenario("rate_per_s=20.0, arrivals='constant', files=80, customers=30, max_open_sessions=5")
    server = bench.server()
    config = bench.config(server, own)
    logins = [config["users"][0] | {"name": f"customer-{number}"} for number in range(30)]
    load = bench.load(server, own, users=logins)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert len(load.lines("uploaded")) == 80
    assert len({upload["session"] for upload in server.uploads().values()}) > 30
    assert max(upload["open_sessions"] for upload in server.uploads().values()) <= 20


def test_rate_duration_and_files_of_the_configuration_win(bench: Bench):
    load = bench.load(bench.server(), "million-a-day", rate_per_s=50.0, duration_s=1.0)
    assert load.wait() == 0, load.stderr
    header = load.lines("header")[0]
    assert (header["workload"]["rate_per_s"], header["duration_s"], header["files"]) == (50.0, 1.0, None)
    assert all(line["intended_at"] - header["starts_at"] < 1.0 for line in load.lines("offered"))
    assert_conserved(load)


def test_a_scenario_may_do_more_than_upload(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=3",
        body="""
    def deliver(self, upload):
        result = self.upload(upload)
        assert result.event == 'uploaded'
        with open(WITNESS, 'a') as witness:
            witness.write(upload.arrival.ledger_id + chr(10))
""",
        imports=f"WITNESS = {str(bench.folder / 'witness')!r}",
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    seen = (bench.folder / "witness").read_text().split()
    assert sorted(seen) == sorted(line["id"] for line in load.lines("uploaded"))


def test_a_scenario_that_fails_or_forgets_a_file_still_accounts_for_it(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=4",
        body="""
    def deliver(self, upload):
        if upload.arrival.sequence % 2:
            raise ZeroDivisionError('own mistake')
""",
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    failed = sorted(line["cause"] for line in load.lines("upload_failed"))
    assert failed == ["NotUploadedError", "NotUploadedError", "ZeroDivisionError", "ZeroDivisionError"]


def test_a_scenario_that_exits_or_uploads_twice_ends_nothing_but_its_own_file(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=4",
        body="""
    def deliver(self, upload):
        if upload.arrival.sequence == 1:
            raise SystemExit(3)
        self.upload(upload)
        self.upload(upload)
""",
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert causes(load, "upload_failed") == {"SystemExit"}
    assert len(load.lines("uploaded")) == 3


def test_a_scenario_that_hangs_is_cut_off(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=2, start_within_s=0.5, connect_timeout_s=5.0, upload_timeout_s=5.0",
        imports="import time\nfrom harness.load import run\nrun._OWN_WORK_S = 0.1",
        body="""
    def deliver(self, upload):
        if upload.arrival.sequence == 1:
            time.sleep(3600)
        self.upload(upload)
""",
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    assert len(load.lines("upload_failed")) == 1
    assert len(load.lines("uploaded")) == 1


def test_locust_hears_of_every_upload(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=3",
        imports=f"""
from locust import events
@events.request.add_listener
def listen(request_type, name, response_time, response_length, exception, **rest):
    with open({str(bench.folder / "witness")!r}, 'a') as witness:
        print(request_type, name, response_length, exception, response_time > 0, file=witness)
""",
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    heard = sorted((bench.folder / "witness").read_text().splitlines())
    sizes = [line["size_bytes"] for line in load.lines("offered")]
    assert heard == sorted(f"SFTP upload {size_bytes} None True" for size_bytes in sizes)


def test_reading_a_scenario_touches_neither_gevent_nor_locust():
    code = (
        "import sys; from harness.load.catalogue import names, scenario;"
        "assert all(scenario(name).workload.description for name in names());"
        "print([m for m in sys.modules if m.split('.')[0] in ('gevent', 'locust')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_reading_a_scenario_that_imports_locust_patches_nothing(bench: Bench):
    own = bench.scenario("rate_per_s=1.0, files=1", imports="from locust import task")
    code = (
        "import sys; from harness.load.catalogue import scenario; scenario(sys.argv[1]);"
        "from gevent import monkey; print(monkey.is_module_patched('socket'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, own],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"scenario": "no-such-thing"}, "there is no scenario 'no-such-thing'; known: "),
        ({"rate_per_s": -1.0, "files": 0}, "rate_per_s: Input should be greater than 0"),
        ({"users": []}, "users"),
    ],
)
def test_what_cannot_be_run_is_refused_before_there_is_a_ledger(bench: Bench, changes, text):
    load = bench.load(bench.server(), **changes)
    assert load.wait() == 2
    assert text in load.stderr
    assert "Traceback" not in load.stderr
    assert not load.ledger_file.exists()


def test_a_ledger_that_is_there_already_is_not_touched(bench: Bench):
    ledger = bench.folder / "ledger" / "ledger-0.jsonl"
    ledger.parent.mkdir()
    ledger.write_text("precious\n")
    load = bench.load(bench.server())
    assert load.wait() == 2
    assert "ledger already" in load.stderr
    assert ledger.read_text() == "precious\n"
