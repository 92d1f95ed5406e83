"""What the Transfer process does beside running workers: it hosts the API, and answers what the API asks.

Imported when somebody asks: botocore, asyncssh and aiohttp take a second to load.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from botocore.config import Config

from harness.aws import client, translated
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError
from harness.transfer.api import Account, Control, TransferApi
from harness.transfer.executions.runner import WorkflowRunner
from harness.transfer.executions.services import Services
from harness.transfer.executions.triggers import triggers_file
from harness.transfer.model import IdentityTest, IdentityTestResult
from harness.transfer.store import TransferStore
from harness.transfer.supervisor.config import SupervisorConfig
from harness.transfer.supervisor.mirror import Mirror

_LOGS_TIMEOUT_S = 3
_IDENTITY_TEST_TIMEOUT_S = 60.0
_log = logging.getLogger(__name__)


class ControlPlane:
    """The API's endpoint, and what runs workflows.

    :param on_change: called with a server's id after each write to it
    """

    def __init__(
        self, config: SupervisorConfig, store: TransferStore, on_change: Callable[[str], None]
    ) -> None:
        self._config = config
        engine = config.engine
        self._workflows = WorkflowRunner(Services(engine, store), triggers_file(config.work_dir))
        control = Control(
            store,
            Account(engine.region, engine.account_id),
            on_change=on_change,
            test_identity=IdentityProbe(engine),
            log_group_exists=LogGroups(engine).exist,
            settle_after_s=None,
        )
        self._api = TransferApi(control)
        self._mirror = _mirror(config, control)

    async def start(self, listening: socket.socket) -> None:
        """Serve the API on a socket that listens."""
        await self._api.serve(listening=listening)
        self._workflows.start()
        if self._mirror is not None:
            self._mirror.start()

    async def stop(self) -> None:
        """To be called when no worker is left: what their last uploads have started goes on for as long as
        an open upload may, and the functions report to the API meanwhile.
        """
        if self._mirror is not None:
            await asyncio.to_thread(self._mirror.stop)
        await asyncio.to_thread(self._workflows.stop, self._config.drain_timeout_s)
        await self._api.close()


def _mirror(config: SupervisorConfig, control: Control) -> Mirror | None:
    if config.mirror_interval_s is None:
        return None
    return Mirror(control, config.engine, refresh_s=config.mirror_interval_s)


class LogGroups:
    """The engine's log groups."""

    def __init__(self, engine: EngineInfo) -> None:
        self._engine = engine
        self._logs: Any = None

    def exist(self, arn: str) -> bool:
        """Tell whether the group of `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*` is there.

        An engine that does not answer does not make the request a wrong one: then it is taken to be there.
        """
        name = arn.split(":")[6]
        if self._logs is None:
            limits = Config(connect_timeout=_LOGS_TIMEOUT_S, read_timeout=_LOGS_TIMEOUT_S)
            self._logs = client("logs", self._engine, config=limits)
        try:
            with translated(f"looking for the log group {name}"):
                found = self._logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        except (AwsError, StackLostError) as exc:
            _log.warning("%s", exc.message)
            return True
        return any(group["logGroupName"] == name for group in found)


class IdentityProbe:
    """Asks a server's identity provider as a worker would, in a process such as theirs."""

    def __init__(self, engine: EngineInfo) -> None:
        self._engine = engine

    async def __call__(self, test: IdentityTest) -> IdentityTestResult:
        question = {"engine": self._engine.to_json(), "test": {**asdict(test), "server": test.server.wire()}}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "harness.sftp.providers"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_IDENTITY_TEST_TIMEOUT_S):
                answer, _ = await process.communicate(json.dumps(question).encode())
        except TimeoutError:
            return IdentityTestResult("", 500, "The identity provider did not answer in time")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            return IdentityTestResult(
                "", 500, "The identity provider could not be asked: see the server's log"
            )
        return IdentityTestResult(**json.loads(answer))
