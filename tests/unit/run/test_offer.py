"""What a run can still find out after a part of its stack has died."""

from __future__ import annotations

from typing import cast

import pytest

from harness.measure.follow import Follower
from harness.measure.resources import ResourceSampler
from harness.measure.sampling.sampler import Sampler
from harness.run.engine_view import EngineView
from harness.run.offer import Offer

pytestmark = pytest.mark.unit


def offer(stack_lost: str | None, *deaths: str) -> Offer:
    return Offer(
        cast(Follower, None),
        ResourceSampler(lambda: []),
        Sampler(()),
        cast(EngineView, None),
        stack_lost,
        list(deaths),
    )


@pytest.mark.parametrize(
    ("ended", "lost"),
    [
        (offer(None), False),
        (offer("the sftp process died in mid-run", "sftp"), False),
        (offer("the engine process died in mid-run", "engine"), True),
        (offer("the engine and the sftp process died in mid-run", "sftp", "engine"), True),
        (offer("the engine did not answer 5 times in a row"), True),
    ],
)
def test_only_the_engine_takes_the_evidence_with_it(ended, lost):
    assert ended.engine_lost is lost
