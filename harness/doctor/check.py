"""One look at the machine, guarded: whatever goes wrong in it becomes a finding."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.doctor.finding import Finding, Status
from harness.exceptions import FloodgateError

TIMEOUT_S = 20.0
"""For all looks together: they are taken side by side."""
ALL = frozenset({"*"})
"""Every engine needs it."""


@dataclass(frozen=True)
class Check:
    """A look and who needs what it looks for.

    :param id: of its findings, or what these begin with
    :param needed_by: names of engines, or `ALL`; what nobody who was asked for needs cannot fail
    """

    id: str
    look: Callable[[], Iterable[Finding]]
    needed_by: frozenset[str] = ALL

    def concerns(self, engine: str) -> bool:
        """Tell whether an engine needs it."""
        return self.needed_by == ALL or engine in self.needed_by


def look_at_all(checks: Sequence[Check], engine: str, *, timeout_s: float = TIMEOUT_S) -> list[Finding]:
    """Take all looks side by side; return their findings in the order of the checks.

    :param engine: what must work; a failure that does not concern it is a note
    :param timeout_s: looks that are not done by then are given up
    """
    answers: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()
    for number, check in enumerate(checks):
        # Daemons, and no pool: a look that hangs in the kernel (a dead network disk) must not delay the end.
        threading.Thread(target=_look, args=(number, check, answers), name=check.id, daemon=True).start()
    found = _collect(answers, len(checks), time.monotonic() + timeout_s)
    return [
        _in_view_of(engine, check, finding)
        for number, check in enumerate(checks)
        for finding in found.get(number, [_too_slow(check, timeout_s)])
    ]


def _look(number: int, check: Check, answers: queue.SimpleQueue[tuple[int, list[Finding]]]) -> None:
    try:
        answers.put((number, list(check.look())))
    except FloodgateError as exc:
        answers.put((number, [_went_wrong(check, exc.message, exc.hint)]))
    except Exception as exc:  # noqa: BLE001  (told as a finding: the other looks still have something to say)
        answers.put((number, [_went_wrong(check, f"{type(exc).__name__}: {exc}", None)]))


def _collect(
    answers: queue.SimpleQueue[tuple[int, list[Finding]]], expected: int, deadline_s: float
) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    while len(found) < expected:
        try:
            number, findings = answers.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except queue.Empty:
            break
        found[number] = findings
    return found


def _in_view_of(engine: str, check: Check, finding: Finding) -> Finding:
    """Turn a failure of what the engine can do without into a note, which tells who cannot."""
    if finding.status is not Status.FAILED or check.concerns(engine):
        return finding
    needed_by = ", ".join(sorted(check.needed_by))
    return replace(finding, status=Status.NOTE, summary=f"{finding.summary} (only {needed_by} would need it)")


def _went_wrong(check: Check, what: str, hint: str | None) -> Finding:
    fix = hint or "the sentence says what stood in the way; if it makes no sense, report it as a defect"
    return Finding(check.id, Status.UNKNOWN, f"this could not be looked at: {what}", fix)


def _too_slow(check: Check, timeout_s: float) -> Finding:
    return Finding(
        check.id,
        Status.UNKNOWN,
        f"no answer within {timeout_s:.0f} s",
        "something that this look asks hangs: a network disk, a Docker Engine, a name server",
    )
