"""What a warm Lambda invocation costs: through the Invoke API of LocalStack, and in the executor alone.

Prints milliseconds of wall time and of CPU per invocation; asserts nothing. CPU of the engine includes what
it does for logs and metrics, which it does later: the clock runs on until these are stored.

    .venv/bin/python benchmarks/lambda_invoke.py [--invocations 500]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.aws import client
from harness.engines.localstack.host import LocalStackHost
from harness.environments import ensure

PLUGIN = Path(__file__).parents[1] / "harness" / "engines" / "localstack" / "plugin"
HANDLER = "def handler(event, context):\n    print('hello')\n    return event\n"
SETTLE_S = 2.0


@dataclass(frozen=True)
class Cost:
    """Milliseconds per invocation: on the clock, in the engine's process, in the handlers' processes."""

    wall_ms: float
    engine_cpu_ms: float
    handler_cpu_ms: float

    def line(self, title: str) -> str:
        return (
            f"{title:<34} {self.wall_ms:7.2f} ms   engine CPU {self.engine_cpu_ms:6.2f} ms"
            f"   handler CPU {self.handler_cpu_ms:6.2f} ms"
        )


def say(line: str) -> None:
    print(line, file=sys.stderr)


def measure(process: psutil.Process, invocations: int, run: Callable[[], None], settle_s: float) -> Cost:
    """Run, let the engine settle, and divide by the number of invocations."""
    engine_before, handlers_before = cpu_s(process), handlers_cpu_s(process)
    started = time.perf_counter()
    run()
    wall_s = time.perf_counter() - started
    time.sleep(settle_s)
    engine_s, handlers_s = cpu_s(process) - engine_before, handlers_cpu_s(process) - handlers_before
    return Cost(*(1000 * seconds / invocations for seconds in (wall_s, engine_s, handlers_s)))


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def handlers_cpu_s(process: psutil.Process) -> float:
    return sum(cpu_s(child) for child in process.children(recursive=True))


def through_the_api(invocations: int) -> None:
    """The whole way: HTTP, LocalStack's gateway and Lambda service, executor, handler."""
    engine = LocalStackHost()
    with tempfile.TemporaryDirectory() as folder:
        try:
            info = engine.start(Path(folder), say)
            process = psutil.Process(engine.processes()[0].pid)
            lambda_ = client("lambda", info)
            name = create_function(lambda_)
            for _ in range(20):
                invoke(lambda_, name)

            def one_after_the_other() -> None:
                for _ in range(invocations):
                    invoke(lambda_, name)

            def four_at_once() -> None:
                with ThreadPoolExecutor(4) as pool:
                    list(pool.map(lambda _: invoke(lambda_, name), range(invocations)))

            idle = measure(process, invocations, lambda: time.sleep(1), SETTLE_S)
            print(idle.line("engine idle for 3 s"))
            print(measure(process, invocations, one_after_the_other, SETTLE_S).line("API, one at a time"))
            print(measure(process, invocations, four_at_once, SETTLE_S).line("API, four at once"))
        finally:
            engine.stop()


def create_function(lambda_: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("app.py", HANDLER)
    name = f"bench-{uuid.uuid4().hex[:8]}"
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/bench",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    return name


def invoke(lambda_: Any, name: str) -> None:
    lambda_.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()


def executor_alone(invocations: int) -> None:
    """Runtime API, handler and log lines, without LocalStack around them."""
    sys.path.append(str(PLUGIN))
    from floodgate_localstack.lambda_runtime.environment import RuntimeEnvironment
    from floodgate_localstack.lambda_runtime.function_spec import FunctionSpec, Request
    from floodgate_localstack.lambda_runtime.settings import Settings
    from floodgate_localstack.lambda_runtime.spawner import Spawner

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "app.py").write_text(HANDLER)
        function = FunctionSpec("bench", "$LATEST", "app.handler", "python3.11", 128, 3, Path(folder))
        settings = Settings(str(ensure("lambda-runtime", say)), Path(folder))
        spawner = Spawner()
        environment = RuntimeEnvironment("bench", function, settings, spawner)
        began = time.perf_counter()
        environment.start({})
        print(f"{'cold start without boto3':<34} {1000 * (time.perf_counter() - began):7.2f} ms")

        def run() -> None:
            for number in range(invocations):
                environment.invoke(Request(str(number), "arn", b"{}", "Root=1"))

        print(measure(psutil.Process(), invocations, run, 0.0).line("executor alone"))
        environment.stop()
        spawner.close()


def main() -> None:
    """Parse the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--invocations", type=int, default=500)
    invocations = parser.parse_args().invocations
    executor_alone(invocations)
    through_the_api(invocations)


if __name__ == "__main__":
    main()
