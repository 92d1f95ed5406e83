"""CPU and memory of LocalStack and of its functions, read from a made-up /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from floodgate_localstack.resources import content, parsed

pytestmark = pytest.mark.unit

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def stat(pid: int, parent: int, seconds: tuple[int, int, int, int], pages: int, name: str = "python") -> str:
    """Return a line as the kernel writes it: fields 14 to 17 are CPU in ticks, 24 is memory in pages."""
    ticks = " ".join(str(each * TICKS) for each in seconds)
    return f"{pid} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 {ticks} 20 0 1 0 500 123456 {pages} 18446744"


def made(proc: Path, *lines: str) -> Path:
    for line in lines:
        folder = proc / line.split()[0]
        folder.mkdir()
        (folder / "stat").write_text(line)
    return proc


def test_a_name_may_hold_brackets_and_blanks() -> None:
    reading = parsed(stat(7, 3, (1, 2, 3, 4), 5, name="a) (b c").encode())
    assert (reading.parent, reading.cpu_s, reading.waited_cpu_s, reading.rss_bytes) == (3, 3, 7, 5 * PAGE)


def test_functions_are_what_descends_from_the_engine_and_ended_ones_count(tmp_path: Path) -> None:
    proc = made(
        tmp_path,
        stat(1, 0, (50, 50, 500, 500), 1000, name="docker-init"),
        stat(7, 1, (10, 5, 2, 1), 300),
        stat(8, 7, (1, 1, 0, 0), 20),
        stat(9, 8, (4, 0, 1, 0), 10),
        stat(20, 1, (99, 99, 0, 0), 999, name="sh"),
    )
    assert content(proc, 7) == {
        "engine": {"cpu_s": 15, "rss_bytes": 300 * PAGE},
        "functions": {"cpu_s": 10, "rss_bytes": 30 * PAGE, "processes": 2},
    }


def test_a_process_that_ends_meanwhile_is_left_out(tmp_path: Path) -> None:
    made(tmp_path, stat(7, 1, (1, 1, 0, 0), 3))
    (tmp_path / "8").mkdir()
    assert content(tmp_path, 7)["functions"]["processes"] == 0


def test_where_there_is_no_proc_the_system_is_asked_for_cpu(tmp_path: Path) -> None:
    told = content(tmp_path)
    assert told["engine"]["cpu_s"] > 0
    assert told["engine"]["rss_bytes"] == 0
