"""Which sources a run has."""

from __future__ import annotations

from pathlib import Path

from harness.engines import registry
from harness.measure.follow import Follower
from harness.measure.resources import ResourceSampler
from harness.measure.sampling.engine import EngineSource
from harness.measure.sampling.follower import FollowerSource
from harness.measure.sampling.others import OthersSource
from harness.measure.sampling.sampler import Sampler
from harness.measure.sampling.sessions import SessionSource
from harness.stack.description import StackDescription


def sampler_of(
    description: StackDescription, follower: Follower, sftp_log: Path, resources: ResourceSampler
) -> Sampler:
    """Return the sampler of a run on this stack, not started."""
    read = registry.live_figures(description.engine)
    engine = EngineSource(read, description) if read else None
    followed = FollowerSource(follower, counts_queues=engine is None)
    return Sampler((SessionSource(sftp_log), followed, OthersSource(resources)), engine)
