"""Before a run with poison files: will this pipeline refuse them at all?

A file that nothing refuses is delivered, and the run would only show that. Which it is, is known before the
first file: the route and the parameters tell. Handlers and templates of the user's own may do what they want.
"""

from __future__ import annotations

from harness.exceptions import UsageError
from harness.load.behaviours.model import Poison
from harness.load.behaviours.poison import unrefused
from harness.load.workload import Workload
from harness.run.options import DEFAULT_ROUTE, RunOptions
from harness.stack import lifecycle


def require_refusal(options: RunOptions, workload: Workload) -> None:
    """Check it for the stack that is up, or for the one that this run is going to start.

    :raises UsageError: the pipeline would deliver some of the poison files
    """
    poisons = [behaviour for behaviour in workload.behaviours if isinstance(behaviour, Poison)]
    if not poisons:
        return
    running = lifecycle.describe(options.name or "default")
    variant = running.options if running else options.pipeline.to_json()
    if variant.get("own_code"):
        return
    route = running.route if running else options.route or DEFAULT_ROUTE
    parameters = variant.get("parameters", options.parameters)
    problems = unrefused(poisons[0], route, parameters, has_faults=bool(options.fault_texts))
    if problems:
        raise UsageError(
            f"this pipeline would deliver files that are to be poison: {'; '.join(problems)}",
            hint="change route, parameters or faults, or choose other ways, as in "
            "--set 'behaviours=[{kind: poison, share: 0.1, ways: [long_name]}]' --route nested",
        )
