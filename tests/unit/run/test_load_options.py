"""How many load processes there are, and where."""

from __future__ import annotations

import pytest

from harness.load.distributed.token import TOKEN_ENV
from harness.run.load_options import LoadOptions

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("options", "local", "workers"),
    [
        (LoadOptions(), 0, 0),
        (LoadOptions(load_workers=1), 0, 0),
        (LoadOptions(load_workers=3), 3, 3),
        (LoadOptions(master=True, expect_workers=2), 0, 2),
        (LoadOptions(master=True, expect_workers=2, load_workers=1), 1, 3),
    ],
)
def test_workers_are_those_here_and_those_elsewhere(options, local, workers):
    assert (options.local_workers, options.workers) == (local, workers)
    assert ("master" in options.config()) == (workers > 0)


def test_local_workers_have_a_master_on_a_free_port_of_this_machine_only():
    found = LoadOptions(load_workers=2, bind_host="0.0.0.0", bind_port=5557).config()
    assert (found["master"]["host"], found["master"]["port"]) == ("127.0.0.1", 0)


def test_all_problems_are_told_at_once(monkeypatch):
    monkeypatch.setenv(TOKEN_ENV, "short")
    options = LoadOptions(load_workers=0, master=True, expect_workers=0, bind_port=70000, web_port=-1)
    assert len(options.problems()) == 5


def test_a_short_token_hurts_nobody_who_needs_none(monkeypatch):
    monkeypatch.setenv(TOKEN_ENV, "short")
    assert LoadOptions().problems() == []
