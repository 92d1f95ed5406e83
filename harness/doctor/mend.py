"""Mending what can be mended without a doubt: nothing that is in use, nothing that is not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.doctor.engines import environments
from harness.doctor.finding import Finding
from harness.doctor.leftovers import containers, orphans
from harness.doctor.leftovers import environments as superfluous
from harness.engines import process
from harness.engines.base import Progress
from harness.environments import ensure
from harness.environments.prune import delete, in_use
from harness.exceptions import FloodgateError
from harness.stack.clearing import sweep

_GRACE_S = 3.0


def mend(findings: Iterable[Finding], progress: Progress) -> bool:
    """Mend what the findings say can be; return whether there was anything.

    What cannot be mended is told, and the next examination finds it again.
    """
    wanted = [finding for finding in findings if finding.mendable]
    deeds = {deed for finding in wanted for group, deed in _DEEDS.items() if finding.id.startswith(group)}
    for deed in deeds:
        try:
            deed(progress)
        except FloodgateError as exc:
            progress(f"not mended: {exc.message}" + (f" (fix: {exc.hint})" if exc.hint else ""))
        except OSError as exc:
            progress(f"not mended: {exc}")
    return bool(wanted)


def _clear_dead_stacks(progress: Progress) -> None:
    sweep(progress)


def _end_orphans(progress: Progress) -> None:
    for owner_dir in {each.owner_dir for each in orphans.find()}:
        progress(f"ending what is left of {owner_dir}")
        process.end_all([], owner_dir, grace_s=_GRACE_S)


def _remove_containers(progress: Progress) -> None:
    """Remove those that are surely this machine's: a folder that is not seen here may be another's."""
    for each in containers.find():
        if each.is_of_this_machine:
            progress(f"removing the container {each.name}")
            containers.remove(each)


def _delete_environments(progress: Progress) -> None:
    delete(superfluous.find(), progress)


def _make_again(progress: Progress) -> None:
    """Make damaged environments again; one that an engine runs on would be pulled away under it."""
    for kind in environments.KINDS:
        damaged = environments.damaged(kind)
        if damaged and (used := in_use(damaged[0].parent) & set(damaged)):
            progress(f"not mended: an engine runs on {used.pop()}; end it first (floodgate down)")
        elif damaged:
            for folder in damaged:
                environments.spoil(folder)
            ensure(kind, progress)


_DEEDS: Mapping[str, Callable[[Progress], None]] = {
    "leftovers.stack.": _clear_dead_stacks,
    "leftovers.processes": _end_orphans,
    "leftovers.containers": _remove_containers,
    "leftovers.environments": _delete_environments,
    "environments.": _make_again,
}
"""By what an id begins with."""
