"""`TestIdentityProvider` by the SFTP workers' own code, in a process of its own: the control plane starts the
data plane, and never imports it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass

from harness.engines.base import EngineInfo
from harness.transfer.model import IdentityTest, IdentityTestResult

TEST_CAP_S = 40.0
"""Longer than an identity provider may take."""


@dataclass(frozen=True)
class IdentityProcess:
    """`Control.test_identity` for servers on this engine."""

    engine: EngineInfo

    async def __call__(self, test: IdentityTest) -> IdentityTestResult:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "harness.sftp.providers"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(TEST_CAP_S):
                output, errors = await process.communicate(self._question(test))
        except TimeoutError:
            return IdentityTestResult("", 500, f"no answer after {TEST_CAP_S:.0f} s")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            return IdentityTestResult("", 500, errors.decode(errors="replace").strip()[-1000:])
        return IdentityTestResult(**json.loads(output))

    def _question(self, test: IdentityTest) -> bytes:
        question = {
            "engine": self.engine.to_json(),
            "server": test.server.wire(),
            "user_name": test.user_name,
            "password": test.password,
            "protocol": test.protocol,
            "source_ip": test.source_ip,
        }
        return json.dumps(question).encode()
