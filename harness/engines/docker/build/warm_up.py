"""Run while the image is built, by LocalStack's Python: computes what every container would compute again.

That is LocalStack's index of all AWS operations, and the bytecode of the modules that a start imports.
It comes before anything of ours, so that a changed plugin makes a new image in seconds.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

LIBRARIES = Path("/usr/lib/localstack")
MODULES = (
    "localstack.runtime.main",
    "localstack.services.providers",
    "localstack.services.cloudformation.provider",
    "localstack.services.cloudwatch.provider_v2",
    "localstack.services.events.provider",
    "localstack.services.iam.provider",
    "localstack.services.lambda_.provider",
    "localstack.services.logs.provider",
    "localstack.services.s3.provider",
    "localstack.services.sns.provider",
    "localstack.services.sqs.provider",
    "localstack.services.stepfunctions.provider",
    "localstack.services.sts.provider",
)
"""What most starts import; a module that a release does not have is left out."""


def main() -> None:
    """Do both."""
    LIBRARIES.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "localstack.aws.spec"], check=True)
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError as exc:
            print(f"left out: {exc}")


if __name__ == "__main__":
    os.environ.update(OVERRIDE_IN_DOCKER="1", SKIP_SSL_CERT_DOWNLOAD="1")
    main()
