"""The figures of a run that goes on, as `live.json` has them for `harness.load.web.metrics`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.measure.follow import Snapshot
from harness.run.offer import Offer

_MIB = 1024 * 1024


def figures(about: Mapping[str, str], offer: Offer, snapshot: Snapshot) -> dict[str, Any]:
    """Return them.

    :param about: what tells this run from others
    """
    return {
        "about": dict(about),
        "files": asdict(snapshot),
        "failures": [
            {"kind": kind, "cause": cause, "count": count}
            for (kind, cause), count in offer.follower.causes.items()
            if count
        ],
        "stages": offer.follower.stages.to_json(),
        "samples": [reading._asdict() for reading in offer.figures.latest()],
        "resources": {
            role: {"cpu_s": round(use.cpu_s, 3), "rss_bytes": int(use.samples[-1].rss_mib * _MIB)}
            for role, use in list(offer.sampler.use.items())
            if use.samples
        },
    }
