"""Functions run in the environments of our Lambda runtime, in place of MiniStack's own workers.

MiniStack calls every error of a handler `Runtime.HandlerError`, so that no `Retry` or `Catch` finds its own;
ends the process after each; starts as many processes as there are invocations; and logs no line of the
platform as AWS does. Here an environment is what it is on LocalStack: `awslambdaric` behind the Runtime API,
at most `max_processes` of them, and who finds none waits.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from functools import cache
from importlib import import_module
from typing import Any

from floodgate_localstack.lambda_runtime.environment import RuntimeEnvironment
from floodgate_localstack.lambda_runtime.function_spec import Outcome, Request
from floodgate_localstack.lambda_runtime.pool import Pool, PoolFullError
from floodgate_localstack.lambda_runtime.prewarm import Prewarmer
from floodgate_localstack.lambda_runtime.settings import Settings
from floodgate_localstack.lambda_runtime.spawner import Spawner

from floodgate_ministack import configured

CONCURRENT_EXECUTIONS = 1000
"""AWS's limit of an account; who comes on top of that is refused."""
KEEPALIVE_S = 600.0
IDLE_CHECK_INTERVAL_S = 5.0
RAN_HERE = "floodgate"
"""Marks results whose log is written already."""


class Environment(RuntimeEnvironment):
    """An execution environment that keeps the name of its log stream, as on AWS also past midnight."""

    log_stream: str


class Functions:
    """The environments of all functions."""

    def __init__(self) -> None:
        self._settings = Settings.from_environ()
        self._spawner = Spawner()
        limit, at_once = self._settings.max_processes, self._settings.cold_starts
        self._pool: Pool[Environment] = Pool(limit, at_once, waiting=CONCURRENT_EXECUTIONS - limit)
        self._prewarmer = Prewarmer(self._pool, each=self._settings.prewarm, at_once=at_once)
        self._keys: dict[str, set[str]] = {}
        self._keys_lock = threading.Lock()
        threading.Thread(target=self._retire_idle, name="floodgate-lambda-idle", daemon=True).start()

    def run(self, function: dict[str, Any], request: Request) -> tuple[Environment, Outcome]:
        """Run one invocation, which waits where all processes are busy.

        :param function: MiniStack's record
        :raises PoolFullError: as many run and wait as an account may have
        :raises OSError: no process can be started
        """
        with self._pool.lease(self._key(function), lambda: self._start(function)) as environment:
            return environment, environment.invoke(request)

    def prewarm(self, function: dict[str, Any], at_most: int | None) -> None:
        """Let the first environments of a function start in the background."""
        wanted = self._settings.prewarm if at_most is None else min(at_most, self._settings.prewarm)
        self._prewarmer.order(self._key(function), lambda: self._start(function), lambda: wanted)

    def drop(self, name: str) -> None:
        """Stop the environments of a function of that name; those that run an invocation, when it ends."""
        with self._keys_lock:
            keys = self._keys.pop(name, set())
        for key in keys:
            self._pool.drop(key, stop_busy=False)

    def counts(self) -> dict[str, int]:
        """Return how many environments there are, by what they do."""
        return {"pending": self._prewarmer.pending(), **self._pool.counts()}

    def _key(self, function: dict[str, Any]) -> str:
        key = configured.key(function)
        with self._keys_lock:
            self._keys.setdefault(configured.of(function)["FunctionName"], set()).add(key)
        return key

    def _start(self, function: dict[str, Any]) -> Environment:
        identity = secrets.token_hex(16)
        spec = configured.spec(function, self._settings.folder)
        environment = Environment(identity, spec, self._settings, self._spawner)
        environment.log_stream = configured.log_stream(function, identity)
        environment.start(configured.variables(function, environment.log_stream))
        return environment

    def _retire_idle(self) -> None:
        while True:
            time.sleep(IDLE_CHECK_INTERVAL_S)
            self._pool.stop_idle(KEEPALIVE_S)


_making = threading.Lock()


def functions() -> Functions:
    """Return the one of this process; `cache` alone lets threads that come together make one each."""
    with _making:
        return _made()


@cache
def _made() -> Functions:
    return Functions()


def apply() -> None:
    """Take the place of MiniStack's executor for Python functions."""
    service: Any = import_module("ministack.services.lambda_svc")
    logs: Any = import_module("floodgate_ministack.function_logs")
    original, throttled = service._execute_function_warm, service._throttle_response
    invalidate = service.invalidate_worker

    def execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = function.get("config") or function
        if not (function.get("code_zip") and str(config.get("Runtime", "")).startswith("python")):
            found: dict[str, Any] = original(function, event, request_id)
            return found
        try:
            environment, outcome = functions().run(function, _request(service, config, event, request_id))
        except PoolFullError:
            refused: dict[str, Any] = service._throttle_response(
                "ConcurrentInvocationLimitExceeded", "Rate Exceeded."
            )
            return refused
        except OSError as exc:
            return {"body": _failure(exc), "error": True, "log": ""}
        logs.write(config, environment.log_stream, outcome.events)
        return _result(outcome)

    def throttled_by_name(*args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the name that state machines know it by, where they look for that of a handler's error."""
        result: dict[str, Any] = throttled(*args, **kwargs)
        result["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return result

    def invalidated(name: str, *args: Any, **kwargs: Any) -> None:
        functions().drop(name)
        invalidate(name, *args, **kwargs)

    service._execute_function_warm, service._throttle_response = execute, throttled_by_name
    service.invalidate_worker = invalidated


def _request(service: Any, config: dict[str, Any], event: Any, request_id: str) -> Request:
    root = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
    return Request(
        request_id=request_id,
        invoked_arn=config["FunctionArn"],
        payload=json.dumps(event).encode(),
        trace_id=service._xray_trace_id_for_invocation(config) or root,
    )


def _result(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as MiniStack's executors do."""
    return {
        "body": json.loads(outcome.payload) if outcome.payload else None,
        "log": "".join(f"{event.message}\n" for event in outcome.events),
        "log_source": RAN_HERE,
        **({"error": True} if outcome.is_error else {}),
    }


def _failure(exc: OSError) -> dict[str, str]:
    return {"errorType": "Lambda.ServiceException", "errorMessage": f"cannot start the function: {exc}"}
