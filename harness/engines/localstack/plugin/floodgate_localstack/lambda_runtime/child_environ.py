"""The environment variables of a runtime process.

Defined by https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime.
Nothing of LocalStack's own environment is handed on.
"""

from collections.abc import Mapping
from pathlib import Path

# LocalStack's own agent, which does not run here, is steered by these.
AGENT_ONLY = frozenset(
    {"LOCALSTACK_RUNTIME_ID", "LOCALSTACK_RUNTIME_ENDPOINT", "LOCALSTACK_USER", "LOCALSTACK_MAX_PAYLOAD_SIZE"}
)


def child_environ(
    engine_variables: Mapping[str, object],
    *,
    python: str,
    runtime: str,
    runtime_api: str,
    task_root: Path,
    scratch: Path,
    telemetry_fd: int,
) -> dict[str, str]:
    """Variables of AWS, of the engine (credentials, endpoint) and of the function's configuration.

    `engine_variables` is what LocalStack computes for the function, its configuration included.
    """
    variables = {name: str(value) for name, value in engine_variables.items() if name not in AGENT_ONLY}
    libraries = [str(task_root), str(task_root / "lib")]
    defaults = {
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": ":".join(libraries),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # The developer's own ~/.aws and user packages must not reach the function.
        "HOME": str(scratch),
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": str(scratch),
    }
    fixed = {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(Path(python).parent.parent),
        "_LAMBDA_TELEMETRY_LOG_FD": str(telemetry_fd),
    }
    return {**defaults, **variables, **fixed}
