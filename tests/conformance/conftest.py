"""One engine for the suite, and what is expected of it.

    pytest tests/conformance --engine ministack

`--engine` takes what `floodgate run --engine` does: a name, the URL of an endpoint that runs already, `aws`
for the account of the ordinary credential chain (in which the suite makes a few hundred small resources, and
removes them; FLOODGATE_AWS_ACCOUNTS must name it, as for `floodgate up`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from harness.conformance import behaviours
from harness.engines import registry
from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError
from tests.conformance import marks
from tests.conformance.account import Account
from tests.conformance.matrix import print_matrix
from tests.conformance.side_by_side import SideBySide, is_ours

_ENGINE = pytest.StashKey[EngineInfo]()
_ACCOUNT = pytest.StashKey[Account]()
_RUNNING = pytest.StashKey[SideBySide]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", default="localstack", help="engine to test: a name, a URL, or aws")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineInfo]:
    """The engine under test, started here unless it is a URL or an account that the user allows."""
    name = request.config.getoption("--engine", "localstack")
    with without_it_nothing(name):
        started = registry.create(name)
    try:
        with without_it_nothing(name):
            info = started.start(tmp_path_factory.mktemp("engine"), print)
        request.config.stash[_ENGINE] = info
        yield info
    finally:
        started.stop()


@contextmanager
def without_it_nothing(name: str) -> Iterator[None]:
    """End the session, with the message for users, where there is no engine to test."""
    try:
        yield
    except FloodgateError as exc:
        hint = f" ({exc.hint})" if exc.hint else ""
        pytest.exit(f"engine {name}: {exc.message}{hint}", returncode=int(exc.exit_code))


@pytest.fixture(scope="session")
def account(request: pytest.FixtureRequest, engine: EngineInfo) -> Iterator[Account]:
    shared = request.config.stash[_ACCOUNT] = Account(engine)
    yield shared
    shared.clean_up()


@pytest.fixture(scope="session")
def side_by_side(
    request: pytest.FixtureRequest, account: Account, engine: EngineInfo
) -> Iterator[SideBySide]:
    running = SideBySide(account, request.session.items, lambda item: bool(difference(item, engine)))
    request.config.stash[_RUNNING] = running
    yield running
    running.stop()


@pytest.fixture
def aws(request: pytest.FixtureRequest, engine: EngineInfo, side_by_side: SideBySide) -> None:
    """Stands for what the test gets in its thread; here, set what is expected of it."""
    request.node.user_properties.append((marks.NAME, identifier(request.node)))
    if expected := difference(request.node, engine):
        failures = (AssertionError, ClientError, pytest.fail.Exception)
        request.applymarker(pytest.mark.xfail(reason=expected, strict=True, raises=failures))


def identifier(item: pytest.Item) -> str:
    marker = item.get_closest_marker(marks.NAME)
    assert marker is not None
    return str(marker.args[0])


def difference(item: pytest.Item, engine: EngineInfo) -> str | None:
    """Return what the engine does instead of what a test is about; None where it does that."""
    label = engine.name if engine.mode == "url" else engine.label
    return behaviours.find(identifier(item)).difference(label, engine.version)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Wait for the test's body, which runs in a thread already."""
    if not is_ours(pyfuncitem):
        return None
    pyfuncitem.config.stash[_RUNNING].result(pyfuncitem).result()
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the matrix of this engine."""
    info, shared = config.stash.get(_ENGINE, None), config.stash.get(_ACCOUNT, None)
    if shared is not None:
        print_matrix(terminalreporter, info)
        for leftover in shared.leftovers:
            terminalreporter.write_line(f"could not be cleaned up: {leftover}")
