"""What a monitor is told while a run goes on: how long stages take, and why files fail."""

from __future__ import annotations

import pytest

from harness.measure.ledger import LedgerEntry
from harness.measure.live_stages import BOUNDS_S, LiveStages
from harness.measure.rows import Row
from harness.measure.sampling.readings import Collected, Reading
from tests.unit.measure.builders import T0, Fate, file_id_of
from tests.unit.measure.test_follow import Followed, followed

pytestmark = pytest.mark.unit

__all__ = ["followed"]


def test_stages_of_delivered_files_are_counted_in_steps() -> None:
    stages = LiveStages()
    for ended_at in (100.8, 101.0, 4000.0):
        entry = LedgerEntry("x", "k", "c", 1, 100.0, started_at=100.0, ended_at=100.25)
        stages.add(entry, Row("f", queued_at=100.2, handler_ended_at=ended_at))
    found = stages.to_json()
    assert found.keys() == {"lag", "sftp_upload", "event_delivery", "end_to_end"}
    at = dict(zip([*BOUNDS_S, None], found["end_to_end"]["counts"], strict=True))
    assert {bound: count for bound, count in at.items() if count} == {1.0: 2, None: 1}
    assert found["end_to_end"]["sum_s"] == pytest.approx(0.8 + 1.0 + 3900.0)
    # Closed after the message was sent, by another clock.
    assert (found["event_delivery"]["counts"][0], found["event_delivery"]["sum_s"]) == (3, 0.0)
    assert dict(zip(BOUNDS_S, found["sftp_upload"]["counts"], strict=False))[0.25] == 3


def test_only_delivered_files_have_stages(followed: Followed) -> None:
    for fate in (Fate.DELIVERED, Fate.DELIVERED, Fate.FAILED, Fate.IN_QUEUE):
        followed.world.add(fate)
    followed.follower.poll()
    followed.follower.poll()
    assert sum(followed.follower.stages.to_json()["end_to_end"]["counts"]) == 2


def test_failures_are_counted_by_cause_until_a_retry_mends_them(followed: Followed) -> None:
    mended = followed.world.add(Fate.FAILED)
    followed.world.add(Fate.FAILED)
    followed.world.add(Fate.FAILED, kind="poison", expects="failed")
    followed.world.add(Fate.ABORTED)
    followed.follower.poll()
    causes = followed.follower.causes
    assert sum(count for (kind, _), count in causes.items() if kind == "failed") == 2
    assert sum(count for (kind, _), count in causes.items() if kind == "aborted") == 1
    key = next(iter(followed.follower.ledger.entries.values())).key
    followed.world.row(file_id_of(key, f"v-{mended}"), "transferred", T0 + 5)
    followed.follower.poll()
    assert sum(count for (kind, _), count in causes.items() if kind == "failed") == 1


def test_of_what_was_sampled_only_recent_readings_are_told() -> None:
    collected = Collected()
    collected.add(1.0, [Reading("sftp.sessions", "sessions", 3.0), Reading("sftp.logins", "1/s", 9.0)])
    collected.add(3.0, [Reading("sftp.sessions", "sessions", 5.0)])
    assert collected.latest(2.0) == [Reading("sftp.sessions", "sessions", 5.0)]
