"""`python -m harness.sftp.providers`: a question to an identity provider, for `TestIdentityProvider`.

Reads `{"engine": …, "test": …}` from standard input and writes the fields of `IdentityTestResult` as JSON.
Exit codes: 0 there is an answer · 2 the server has no identity provider that can be asked.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from harness.engines.base import EngineInfo
from harness.exceptions import FloodgateError
from harness.exit_codes import ExitCode
from harness.sftp.providers.probe import identity_test
from harness.transfer.model import IdentityTest, Server


def run(text: str) -> ExitCode:
    """Ask, and print the answer."""
    given = json.loads(text)
    test = IdentityTest(**{**given["test"], "server": Server.model_validate(given["test"]["server"])})
    try:
        print(json.dumps(asdict(identity_test(test, EngineInfo(**given["engine"])))))
    except FloodgateError as exc:
        print(f"error: {exc.message}", file=sys.stderr)
        return exc.exit_code
    return ExitCode.PASSED


if __name__ == "__main__":
    sys.exit(run(sys.stdin.read()))
