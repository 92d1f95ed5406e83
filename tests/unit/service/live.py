"""Live figures of a run on every route at once, as `harness.run.live_figures` writes them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from harness.load.web.metrics import Live
from harness.measure.follow import Snapshot
from harness.measure.ledger import LedgerEntry
from harness.measure.live_stages import LiveStages
from harness.measure.rows import Row

FIGURES = {
    "queue.work.depth": 7.0,
    "queue.work.oldest_age": 1.5,
    "queue.work.receives": 2.0,
    "lambda.worker.concurrency": 4.0,
    "lambda.worker.invocations": 11.0,
    "lambda.worker.errors": 1.0,
    "lambda.worker.throttles": 1.0,
    "lambda.worker.duration": 40.0,
    "sfn.parent.running": 3.0,
    "sfn.parent.started": 11.0,
    "sfn.parent.failed": 1.0,
    "sftp.sessions": 18.0,
    "sftp.logins": 0.5,
    "machine.others": 0.3,
    "backlog.oldest_age": 9.0,
}


def figures(files: int = 20) -> Live:
    """Return them after so many files, of which the last three are under way and one has failed."""
    stages = LiveStages()
    for number in range(files - 4):
        entry = LedgerEntry("x", "k", "c", 1, 100.0, started_at=100.1, ended_at=100.3)
        row = Row("f", None, None, None, None, 100.4, 100.5, 100.6, 100.8 + number)
        stages.add(entry, row)
    snapshot = Snapshot(
        at=1.0,
        offered=files,
        started=files,
        uploaded=files,
        delivered=files - 4,
        backlog=3,
        p99_ms=1234.5,
        queue_depth=7,
        dead_letters=1,
        oldest_age_s=9.0,
    )
    about = dict.fromkeys(("run", "scenario", "route", "engine", "version", "stack", "seed"), "x")
    return _as_json(
        {
            "about": about,
            "files": asdict(snapshot),
            "failures": [{"kind": "failed", "cause": "NoSuchKey", "count": 1}],
            "stages": stages.to_json(),
            "samples": [{"name": name, "unit": "", "value": value} for name, value in FIGURES.items()],
            "resources": {role: {"cpu_s": files / 10, "rss_bytes": 1 << 28} for role in ("engine", "sftp")},
        }
    )


def _as_json(content: Any) -> Live:
    found: Live = json.loads(json.dumps(content))
    return found
