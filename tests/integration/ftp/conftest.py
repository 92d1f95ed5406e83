"""One server for most tests: it speaks FTPS and FTP, with the settings that `CreateServer` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ftp.running import Running

MakeRunning = Callable[..., Running]


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("ftp")) as running:
        yield running


@pytest.fixture
def server(shared_server: Running) -> Running:
    """It, with nothing in its bucket and nothing told yet."""
    shared_server.storage.objects.clear()
    shared_server.lines.clear()
    shared_server.happenings.clear()
    return shared_server


@pytest.fixture
def make_running(tmp_path: Path) -> Iterator[MakeRunning]:
    with ExitStack() as stack:

        def make(*, authoriser: Any = None, **settings: Any) -> Running:
            given = {} if authoriser is None else {"authoriser": authoriser}
            return stack.enter_context(Running(tmp_path, settings, **given))

        yield make
