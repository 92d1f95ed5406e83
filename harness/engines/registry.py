"""The engines by the name that `--engine` takes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.engines.base import Capabilities, Engine, EngineInfo, ReadUsage
from harness.engines.localstack import calls, functions, live, queues
from harness.engines.localstack import usage as localstack_usage
from harness.engines.localstack.functions import LambdaEnvironments
from harness.engines.localstack.live import LiveFigures
from harness.engines.localstack.plugin_api import PluginApi
from harness.engines.ministack import queues as ministack_queues
from harness.engines.url import RunningEndpoint
from harness.exceptions import StackLostError, UsageError

AWS = "aws"
"""A real account."""


@dataclass(frozen=True)
class Entry:
    """Where an engine's class is; it is imported when the engine is asked for.

    :param takes_port: its class takes `port`, where it listens on this machine; None is a free one
    :param in_container: it is ours, and no process of this machine is recorded for it
    """

    module: str
    class_name: str
    takes_port: bool = True
    in_container: bool = False


ENGINES: Mapping[str, Entry] = {
    "localstack": Entry("harness.engines.localstack.host", "LocalStackHost"),
    "localstack:docker": Entry("harness.engines.docker.engine", "LocalStackDocker", in_container=True),
    "ministack": Entry("harness.engines.ministack.host", "MiniStackHost"),
    AWS: Entry("harness.engines.aws.engine", "AwsAccount", takes_port=False),
}
"""By what `--engine` takes; any http(s) address of a compatible endpoint that already runs comes besides."""
_USAGE_TIMEOUT_S = 5.0
_LIVE_TIMEOUT_S = 10.0
"""Who samples every second or two does not wait long for an engine that hangs."""
NAMES = (*ENGINES, "URL")
"""What the user may give."""


def create(name: str, *, port: int | None = None) -> Engine:
    """Return a new engine, not started.

    :param port: where to listen, for engines that listen on this machine; None takes a free port
    :raises UsageError: no such engine, or it cannot listen on a chosen port
    """
    if name in ENGINES:
        return _of_table(name, port)
    if name.startswith(("http://", "https://")):
        _require_no_port(name, port)
        return RunningEndpoint(name)
    raise UsageError(f"there is no engine {name!r}", hint=f"engines: {', '.join(NAMES)}")


def attached(name: str, state_dir: Path) -> Engine:
    """Return the engine that was started for a folder, by this process or another one.

    :raises UsageError: no such engine
    """
    engine = create(name)
    engine.attach(state_dir)
    return engine


def runs_elsewhere(name: str) -> bool:
    """Tell whether only the engine itself knows if it runs: one of ours whose processes are not recorded."""
    return name in ENGINES and ENGINES[name].in_container


def _of_table(name: str, port: int | None) -> Engine:
    entry = ENGINES[name]
    make: Callable[..., Engine] = getattr(import_module(entry.module), entry.class_name)
    if entry.takes_port:
        return make(port=port)
    _require_no_port(name, port)
    return make()


def _require_no_port(name: str, port: int | None) -> None:
    if port is not None:
        raise UsageError(f"{name} is already running: a port cannot be chosen for it")


def capabilities(name: str) -> Capabilities:
    """Return what an engine can do, without starting it.

    :raises UsageError: no such engine
    """
    return Capabilities() if name == AWS else create(name).capabilities()


def queue_peeker(info: EngineInfo) -> Callable[[str], list[dict[str, Any]]] | None:
    """Return what lists the messages of a queue URL without receiving them; None where the engine cannot."""
    peek = {"localstack": queues.peek, "ministack": ministack_queues.peek}.get(info.name)
    return partial(peek, info) if peek else None


def plugin_api(info: EngineInfo) -> PluginApi | None:
    """Return our plugin's API of the engine; None where the engine cannot have it."""
    return PluginApi(info.endpoint_url) if info.name == "localstack" else None


def may_have_plugin(name: str) -> bool:
    """Tell, before it is started, whether an engine can have our plugin; at an address nobody knows.

    :raises UsageError: no such engine
    """
    return create(name).name in ("localstack", "url")


def call_counts(info: EngineInfo) -> dict[str, int] | None:
    """Return how many AWS calls the pipeline has made, by `service.Operation`; None where nobody counts."""
    return calls.read(info) if info.name == "localstack" else None


def lambda_environments(info: EngineInfo) -> LambdaEnvironments | None:
    """Return how many execution environments the functions have; None where nobody counts."""
    return functions.read(info) if info.name in ("localstack", "ministack") else None


def live_figures(info: EngineInfo) -> Callable[[float], LiveFigures] | None:
    """Return what reads the engine's own live figures (see `live.read`); None where the engine has none."""
    api = PluginApi(info.endpoint_url, timeout_s=_LIVE_TIMEOUT_S)
    return partial(live.read, api) if info.name == "localstack" else None


def usage(info: EngineInfo) -> ReadUsage | None:
    """Return what reads CPU and memory of an engine whose processes this machine does not show as ours; None
    where they are found by their records.
    """
    api = PluginApi(info.endpoint_url, timeout_s=_USAGE_TIMEOUT_S)
    if info.mode == "docker" or (info.mode == "url" and _has_plugin(info)):
        return partial(localstack_usage.read, api)
    return None


def _has_plugin(info: EngineInfo) -> bool:
    """Tell whether an engine that somebody else runs is a LocalStack with our plugin, as in Compose."""
    if info.name != "localstack":
        return False
    with contextlib.suppress(StackLostError):
        return lambda_environments(info) is not None
    return False
