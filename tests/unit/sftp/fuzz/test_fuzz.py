"""A short slice of the long run (`make fuzz`), and that the run can fail."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.sftp.protocol import TransferHandler
from tests.unit.sftp.fuzz.mutations import Mutator, joined, seeds, split
from tests.unit.sftp.fuzz.run import HostileSessionError, run
from tests.unit.sftp.fuzz.target import ATTRS, DATA, HANDLE, NAME, STATUS, VERSION, Target

pytestmark = pytest.mark.unit


def test_whatever_comes_the_handler_answers_or_ends_cleanly() -> None:
    count = run(seed=4, packets=20_000)
    assert count.packets >= 20_000
    assert set(count.answers) == {VERSION, STATUS, HANDLE, DATA, NAME, ATTRS}


@pytest.mark.parametrize("number", range(len(seeds())))
def test_what_real_clients_sent_is_served_to_its_end(number: int, tmp_path: Path) -> None:
    packets = seeds()[number]
    target = Target(tmp_path, "keep")
    asyncio.run(target.session([joined(packets)]))
    target.end()
    assert sum(target.answers.values()) == len(packets)


def test_the_same_seed_gives_the_same_sessions() -> None:
    one, other = Mutator(7), Mutator(7)
    assert [one.session() for _ in range(50)] == [other.session() for _ in range(50)]


def test_streams_are_cut_into_packets() -> None:
    stream = joined([b"\x01abc", b"", b"\x02"])
    assert split(stream + b"\0\0\0\x09torn") == [b"\x01abc", b"", b"\x02"]


def test_a_handler_that_leaks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TransferHandler, "_abandon_files", lambda _self, _reason: None)
    with pytest.raises(HostileSessionError, match="nobody closed"):
        run(seed=4, packets=3000)
