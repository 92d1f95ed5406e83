"""Behaviours on the wire, against a real SFTP server that writes down what it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from harness.load.content import content_source
from tests.integration.load.conftest import Bench, assert_conserved, causes

pytestmark = pytest.mark.integration

IMPORTS = "from harness.load.behaviours.model import Aborted, Duplicate, Poison, Slow, TempRename"
ALL = (
    "rate_per_s=40.0, files=80, sizes=(SizeClass(min_bytes=100, max_bytes=200_000),), behaviours=("
    "TempRename(share=0.2), Slow(share=0.1, takes_s=0.5), Aborted(share=0.2), "
    "Poison(share=0.2, ways=('ragged_csv', 'blank_name')), Duplicate(share=0.1, after_s=0.1))"
)


def test_each_kind_reaches_the_server_as_it_should(bench: Bench):
    server = bench.server()
    load = bench.load(server, bench.scenario(ALL, imports=IMPORTS))
    assert load.wait() == 0, load.stderr
    assert_conserved(load)
    offered = {line["id"]: line for line in load.lines("offered")}
    kinds = {line.get("kind", "plain") for line in offered.values()}
    assert kinds == {"plain", "temp_rename", "slow", "aborted", "poison", "duplicate"}
    received = server.uploads()

    aborted = {line["id"] for line in load.lines("aborted")}
    assert aborted == {file for file, line in offered.items() if line.get("kind") == "aborted"}
    assert causes(load, "aborted") == {"ClientAborted"}
    assert all(offered[file]["expects"] == "aborted" for file in aborted)
    for file in aborted:
        # This server takes the end of the session for a close.
        size_bytes = received[f"/incoming/{file}.csv"]["size_bytes"]
        assert size_bytes == offered[file]["size_bytes"] // 2

    uploaded = {line["id"]: line for line in load.lines("uploaded")}
    assert set(uploaded) == set(offered) - aborted
    for file, line in offered.items():
        if file not in uploaded:
            continue
        path = line["key"].removeprefix(line["customer_id"])
        if "temp_key" in line:
            assert received[path]["renamed_from"] == f"{path}.filepart"
            path += ".filepart"
        if line.get("kind") != "duplicate" and not _is_repeated(line, offered):
            assert received[path]["sha256"] == uploaded[file]["sha256"]
            assert received[path]["size_bytes"] == line["size_bytes"]


def _is_repeated(line: dict[str, Any], offered: dict[str, dict[str, Any]]) -> bool:
    return [other["key"] for other in offered.values()].count(line["key"]) > 1


def test_a_duplicate_has_the_bytes_of_the_first(bench: Bench):
    own = bench.scenario(
        "rate_per_s=40.0, files=40, behaviours=(Duplicate(share=0.4, after_s=0.1),)", imports=IMPORTS
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    sha256 = {line["id"]: line["sha256"] for line in load.lines("uploaded")}
    offered = load.lines("offered")
    originals = {line["key"]: line for line in offered if "kind" not in line}
    duplicates = [line for line in offered if "kind" in line]
    assert duplicates
    for line in duplicates:
        first = originals[line["key"]]
        assert sha256[line["id"]] == sha256[first["id"]]
        assert sha256[line["id"]] == content_source(7).sha256(first["seq"], first["size_bytes"])


def test_a_slow_writer_takes_its_time_and_has_it_on_top_of_the_limit(bench: Bench):
    own = bench.scenario(
        "rate_per_s=20.0, files=10, upload_timeout_s=0.5, behaviours=(Slow(share=1.0, takes_s=1.0),)",
        imports=IMPORTS,
    )
    load = bench.load(bench.server(), own)
    assert load.wait() == 0, load.stderr
    started = {line["id"]: line["at"] for line in load.lines("started")}
    uploaded = {line["id"]: line["at"] for line in load.lines("uploaded")}
    assert len(uploaded) == 10
    assert all(uploaded[file] - started[file] >= 0.99 for file in uploaded)


def test_a_refused_rename_is_a_failed_upload_and_the_session_goes_on(bench: Bench):
    server = bench.server("refuses_renames")
    own = bench.scenario(
        "rate_per_s=20.0, files=10, customers=1, sessions_per_customer=1, "
        "behaviours=(TempRename(share=0.5),)",
        imports=IMPORTS,
    )
    load = bench.load(server, own)
    assert load.wait() == 0, load.stderr
    failed = load.lines("upload_failed")
    assert {(line["phase"], line["cause"]) for line in failed} == {("rename", "SFTPPermissionDenied")}
    assert len(failed) + len(load.lines("uploaded")) == 10
    assert {upload["session"] for upload in server.uploads().values()} == {1}
