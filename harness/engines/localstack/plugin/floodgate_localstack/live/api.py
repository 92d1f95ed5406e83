"""`GET /_floodgate/live?since=<epoch seconds>`. Imports LocalStack late.

Answer: `{"at", "functions": {name: {…}}, "executions": {arn: {…}}, "queues": {name: {…}}, "cpu_s", "asked"}`;
the parts are those of `functions`, `executions` and `queues`. `cpu_s` is what all such answers have cost so
far, so that whoever samples can tell.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from floodgate_localstack.live.executions import EXECUTIONS
from floodgate_localstack.live.functions import FUNCTIONS
from floodgate_localstack.live.queues import described

PATH = "/_floodgate/live"


class LiveApi:
    """Answers, and keeps account of what answering costs."""

    def __init__(self) -> None:
        self._cpu_s = 0.0
        self._asked = 0
        self._lock = threading.Lock()

    def answer(self, since: float) -> dict[str, Any]:
        """Return the answer; `since` is the moment from which on peaks are wanted."""
        began_s, now = time.thread_time(), time.time()
        content = {
            "at": now,
            "functions": FUNCTIONS.to_json(since),
            "executions": EXECUTIONS.to_json(),
            "queues": {queue.name: described(queue, now) for queue in _queues()},
        }
        with self._lock:
            self._cpu_s += time.thread_time() - began_s
            self._asked += 1
            return {**content, "cpu_s": round(self._cpu_s, 6), "asked": self._asked}


def _queues() -> list[Any]:
    from localstack.services.sqs.models import sqs_stores

    return [queue for _, _, store in sqs_stores.iter_stores() for queue in list(store.queues.values())]


def apply() -> None:
    """Serve the API."""
    from localstack.http import Response
    from localstack.services.edge import ROUTER

    api = LiveApi()

    def serve(request: Any, **_: Any) -> Any:
        since = request.args.get("since", 0.0, type=float)
        return Response(json.dumps(api.answer(since)), mimetype="application/json")

    ROUTER.add(PATH, serve, methods=["GET"])
