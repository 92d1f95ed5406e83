"""One LocalStack with the Lambda runtime for the tests of this folder, with limits small enough to reach."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.environments import ensure
from tests.integration.lambda_runtime.engine_process import EngineProcess
from tests.integration.lambda_runtime.functions import TestFunction

# The plugin is not installed beside the harness: what needs no LocalStack is imported from source.
_PLUGIN = Path(__file__).parents[3] / "harness" / "engines" / "localstack" / "plugin"
if str(_PLUGIN) not in sys.path:
    sys.path.append(str(_PLUGIN))

MAX_PROCESSES = 4
INIT_TIMEOUT_S = 3

Deploy = Callable[..., TestFunction]
StartEngine = Callable[..., EngineProcess]


def _say(line: str) -> None:
    print(line, file=sys.stderr)


@pytest.fixture(scope="session")
def engine_pythons() -> tuple[Path, Path]:
    """The Pythons of LocalStack with the plugin, and of the handlers."""
    return ensure("localstack", _say), ensure("lambda-runtime", _say)


@pytest.fixture(scope="session")
def start_engine(
    engine_pythons: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartEngine]:
    """Starts engines that are stopped at the end of the session; keywords are further settings of theirs."""
    engine_python, lambda_python = engine_pythons
    started: list[EngineProcess] = []
    extra = {
        "FLOODGATE_LAMBDA_MAX_PROCESSES": str(MAX_PROCESSES),
        "FLOODGATE_LAMBDA_PREWARM": "0",
        "FLOODGATE_LAMBDA_INIT_TIMEOUT_S": str(INIT_TIMEOUT_S),
        "SECRET_OF_THE_ENGINE": "must not be seen by handlers",
    }

    def start(**settings: str) -> EngineProcess:
        root = tmp_path_factory.mktemp("engine")
        engine = EngineProcess(root, engine_python, lambda_python, extra | settings)
        started.append(engine)
        engine.start()
        return engine

    yield start
    for engine in started:
        engine.stop()


@pytest.fixture(scope="session")
def engine(start_engine: StartEngine) -> EngineProcess:
    """The engine that the tests share; none may stop it."""
    return start_engine()


@pytest.fixture
def deploy(engine: EngineProcess) -> Iterator[Deploy]:
    """Deploys a function from the source of its module, removed after the test."""
    client = engine.client("lambda")
    made: list[TestFunction] = []

    def make(source: str, **config: object) -> TestFunction:
        made.append(TestFunction(client, source, **config))
        return made[-1]

    yield make
    for function in made:
        if function.exists:
            function.delete()
