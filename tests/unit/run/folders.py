"""Run folders as a killed harness leaves them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engines.base import ProcessRecord
from harness.load.workload import Workload
from harness.run.folder import RunFolder
from harness.run.record import RunRecord
from harness.run.session import StackSession
from tests.unit.measure.builders import DESCRIPTION, RUN_ID, T0, Fate, World

DEAD = ProcessRecord("harness", 2**22 + 1, 1.0)
RECORD = RunRecord(
    run_id=RUN_ID,
    scenario="smoke",
    seed=1,
    command="floodgate run smoke",
    parameters={},
    started_at=T0,
    workload=Workload(description="a test", rate_per_s=1.0, files=3, thresholds=("files.lost == 0",)),
    stack="test",
    provenance={
        "git_commit": "0",
        "template_sha256": "0",
        "handlers_sha256": "0",
        "pins_sha256": "0",
        "command": "floodgate run smoke",
        "machine": {"cores": 2, "memory_gib": 1.0, "python": "3.11.7"},
    },
    harness=DEAD,
)


def left_behind(path: Path, *fates: Fate, ended: bool = True, **changes: Any) -> tuple[RunFolder, World]:
    """Return the folder of a run whose files had these fates, and the world that its stack knew.

    :param ended: the generator came to its last line
    :param changes: fields of the record
    """
    folder = RunFolder.create(path)
    world = World(folder.path)
    world.uploads_file = folder.uploads
    for fate in fates:
        world.add(fate)
    if ended:
        world.end()
    StackSession(DESCRIPTION, Path(os.devnull)).describe_in(folder)
    replace(RECORD, **changes).write(folder)
    return folder, world
