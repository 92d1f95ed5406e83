"""An AWS-compatible endpoint that somebody else runs: nothing is started, nothing is stopped."""

from __future__ import annotations

import contextlib
import urllib.parse
from dataclasses import replace
from pathlib import Path

from harness.aws import client, is_aws_itself, translated
from harness.engines.base import Capabilities, EngineInfo, ProcessRecord, Progress
from harness.engines.localstack import functions, health
from harness.engines.localstack.differences import differs_from_aws
from harness.engines.localstack.resource_types import RESOURCE_TYPES
from harness.engines.ministack import differences as ministack_differences
from harness.engines.ministack import health as ministack_health
from harness.engines.ministack.capabilities import capabilities
from harness.exceptions import AwsError, EngineStartError, StackLostError, UsageError

_HINT = "is it running, and is this its address?"


class RunningEndpoint:
    """The engine `URL`.

    A LocalStack or a MiniStack behind the address is recognised by its health endpoint; of anything else no
    more is expected than that it answers STS.
    """

    name = "url"
    mode = "url"
    outlives_stack = True

    def __init__(self, url: str) -> None:
        self._url = _checked(url)

    def install(self, progress: Progress) -> None:
        """Do nothing: it is running already."""

    def start(self, state_dir: Path, progress: Progress) -> EngineInfo:
        """Ask the endpoint who it is.

        :raises EngineStartError: nothing that speaks AWS's API answers there
        """
        del state_dir
        progress(f"asking {self._url}")
        if ministack := ministack_health.read(self._url):
            return EngineInfo("ministack", self.mode, ministack.version, self._url)
        if found := health.read(self._url):
            return EngineInfo("localstack", self.mode, str(found.get("version", "unknown")), self._url)
        info = EngineInfo(self.name, self.mode, "unknown", self._url)
        try:
            with translated(f"asking {self._url} for its account"):
                account_id = client("sts", info).get_caller_identity()["Account"]
        except (AwsError, StackLostError) as exc:
            raise EngineStartError(exc.message, hint=_HINT) from exc
        return EngineInfo(self.name, self.mode, "unknown", self._url, account_id=account_id)

    def attach(self, state_dir: Path) -> None:
        """Do nothing: there is nothing of ours to take over."""

    def capabilities(self) -> Capabilities:
        """Ask whether it is a MiniStack; of anything else assume what open-source LocalStack has."""
        if ministack := ministack_health.read(self._url):
            told = ministack_differences.differs_from_aws(ministack.version)
            return replace(capabilities(), differs_from_aws=self._differences(told))
        found = health.read(self._url)
        told = differs_from_aws("localstack", found.get("version")) if found else ()
        return Capabilities(resource_types=RESOURCE_TYPES, differs_from_aws=self._differences(told))

    def _differences(self, told: tuple[str, ...]) -> tuple[str, ...]:
        """Say how it differs if it runs with our plugin, as in Compose; of others that is not known.

        :param told: the differences of such an engine with our plugin
        """
        with contextlib.suppress(StackLostError):
            if told and functions.read(EngineInfo(self.name, self.mode, "", self._url)):
                chosen = f"{self._url} was running already; settings of its own may make it differ further."
                return (*told, chosen)
        return (f"{self._url} is not Floodgate's own; how it differs from AWS is not known.",)

    def processes(self) -> list[ProcessRecord]:
        """Return nothing: its processes are not ours."""
        return []

    def is_running(self) -> bool:
        """Return True: whether it answers shows in its use."""
        return True

    def log_file(self) -> Path | None:
        """Return None: its log is not ours."""
        return None

    def stop(self) -> None:
        """Do nothing."""


def _checked(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    try:
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    if not whole:
        raise UsageError(f"{url!r} is no address of an engine", hint="for example http://127.0.0.1:4566")
    if is_aws_itself(url):
        raise UsageError(
            f"{url} is AWS itself, where things are billed", hint="--engine aws asks before it spends"
        )
    return url.rstrip("/")
