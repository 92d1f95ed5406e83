"""Options and fixtures.

    def test_a_file_arrives(sftp_client, wait_delivered):
        key = sftp_client.put("incoming/report.csv", b"id,amount\\n1,10\\n")
        assert wait_delivered(key).read() == b"id,amount\\n1,10\\n"

    def test_nothing_is_lost_under_load(run_scenario):
        run_scenario("smoke", files=50).assert_passed()

Everything heavy is imported when a test first asks for it: a test run that does not use the fixtures pays
nothing for the plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.exceptions import FloodgateError
from harness.pytest_plugin import place
from harness.pytest_plugin import settings as plugin_settings

if TYPE_CHECKING:
    from harness.pytest_plugin.delivery import WaitDelivered
    from harness.pytest_plugin.scenarios import RunScenario
    from harness.pytest_plugin.sftp_client import SftpClient
    from harness.pytest_plugin.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--floodgate-…` and the lines of the configuration file."""
    plugin_settings.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the name of this test run's stack, and hand it to the processes of pytest-xdist."""
    place.set_place(config)
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_ForWorkers(), "floodgate-workers")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the stack down, in the process that has started the test run."""
    if hasattr(config, "workerinput") or not place.has_place(config):
        return
    ours = place.place_of(config)
    if ours.folder.exists():
        from harness.pytest_plugin.shared_stack import release

        release(ours, plugin_settings.Settings.of(config))
    place.clear_marks(ours)


class _ForWorkers:
    """Hooks of pytest-xdist, which are unknown where it is not installed."""

    def pytest_configure_node(self, node: Any) -> None:
        place.place_of(node.config).hand(node.workerinput)


@pytest.fixture(scope="session")
def floodgate_stack(request: pytest.FixtureRequest) -> Stack:
    """The whole pipeline, up once for all tests: SFTP front end, engine, and the deployed template.

    `floodgate_stack.client("sqs")` is a boto3 client of it, `floodgate_stack.row(key)` the table's row about
    a file, `floodgate_stack.description` all of `floodgate status --json`.
    """
    from harness.pytest_plugin.shared_stack import obtain
    from harness.pytest_plugin.stack import Stack

    try:
        chosen = plugin_settings.Settings.of(request.config)
        return Stack(obtain(place.place_of(request.config), chosen))
    except FloodgateError as exc:
        hint = f"\n  fix: {exc.hint}" if exc.hint else ""
        raise pytest.UsageError(f"{exc.message}{hint}") from exc


@pytest.fixture
def sftp_client(floodgate_stack: Stack, request: pytest.FixtureRequest) -> Iterator[SftpClient]:
    """An open SFTP session of one customer, for this test alone; each xdist process has its own customer."""
    from harness.pytest_plugin.sftp_client import SftpClient

    described = floodgate_stack.description
    user = described.users[_worker_number(request.config) % len(described.users)]
    with SftpClient(described.sftp, user, floodgate_stack.source_bucket) as client:
        yield client


@pytest.fixture(scope="session")
def s3(floodgate_stack: Stack) -> Any:
    """A boto3 S3 client; `floodgate_stack.source_bucket` and `.destination_bucket` are the buckets."""
    return floodgate_stack.s3


@pytest.fixture(scope="session")
def wait_delivered(floodgate_stack: Stack) -> WaitDelivered:
    """`wait_delivered(key, timeout_s=60)` returns the file at the destination, or fails and says why not."""
    from harness.pytest_plugin.delivery import Waiter

    return Waiter(floodgate_stack)


@pytest.fixture
def run_scenario(
    floodgate_stack: Stack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> RunScenario:
    """`run_scenario(name, files=…, rate=…)` loads the stack and returns a `Summary` to assert on."""
    from harness.pytest_plugin.scenarios import ScenarioRunner, label_of

    reports = plugin_settings.Settings.of(request.config).reports
    folder = tmp_path_factory.mktemp("floodgate") if reports is None else reports / label_of(request)
    return ScenarioRunner(floodgate_stack, Path(folder))


def _worker_number(config: pytest.Config) -> int:
    handed = getattr(config, "workerinput", None)
    return 0 if handed is None else int(handed["workerid"].removeprefix("gw"))
