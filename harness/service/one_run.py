"""One run of the service: a `floodgate run` as a process of its own, and what can be seen of it."""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent

from harness import clock
from harness.exit_codes import ExitCode
from harness.files import read_json
from harness.load.beside_ledger import LIVE_FILE, MASTER_FILE, WEB_FILE
from harness.service.outcome import Outcome
from harness.service.own_ui import asked
from harness.service.past_runs import RUN_FILE
from harness.service.request import RunRequest
from harness.service.voice import say

CONSOLE_FILE = "console.log"
"""What the run said, in its folder."""
_LINES_KEPT = 500
_FIX = "  fix: "
_OWN_UI = "] web UI: http://"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass
class OneRun:
    """A run that goes on, or that has ended.

    :param name: of its folder
    :param workers: load workers that were called to it
    """

    name: str
    request: RunRequest
    folder: Path
    workers: int
    process: subprocess.Popen[str]
    began_at: float = field(default_factory=clock.now)
    ended_at: float | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))
    _load_ended: bool = False
    _outcome: Outcome = field(init=False)

    def __post_init__(self) -> None:
        self._outcome = Outcome(self.folder)

    @classmethod
    def start(
        cls, name: str, request: RunRequest, folder: Path, workers: int, options: Sequence[str]
    ) -> OneRun:
        """Start `floodgate run` with these options."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.cli", "run", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C on the terminal is for the service, which passes it on.
            start_new_session=True,
            preexec_fn=_end_with_the_service,
        )
        run = cls(name, request, folder, workers, process)
        gevent.spawn(run._listen)
        return run

    @property
    def goes_on(self) -> bool:
        return self.ended_at is None

    def end_load(self) -> None:
        """Have no more files offered and all that were settled; asked again, do as `ask_to_stop`.

        Before there is a load, there is nothing to settle either.
        """
        address = None if self._load_ended else self.web_address()
        self._load_ended = True
        if address is None or asked(f"{address}/stop", method="POST") is None:
            self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """As Ctrl-C does: the first time the run is settled and reported, the second time it ends at once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()

    def live(self) -> dict[str, Any] | None:
        """Return what the run told last of its pipeline; `None` before it did."""
        found: dict[str, Any] | None = read_json(self.folder / "ledger" / LIVE_FILE)
        return found

    def web_address(self) -> str | None:
        """Return where the run's own web UI is, while there is one."""
        found = read_json(self.folder / "ledger" / WEB_FILE) if self.goes_on else None
        return None if found is None else str(found["url"])

    def master_port(self) -> int | None:
        """Return where the run waits for its workers, once it does."""
        found = read_json(self.folder / "ledger" / MASTER_FILE) if self.goes_on else None
        return None if found is None else int(found["port"])

    @property
    def verdict(self) -> str | None:
        """Of a run that has ended and left a report."""
        return None if self.goes_on else self._outcome.verdict

    def to_json(self) -> dict[str, Any]:
        """Return what the service tells of the run."""
        code = None if self.goes_on else self.process.returncode
        return {
            "run": self.name,
            "request": self.request.model_dump(),
            "state": "running" if self.goes_on else "ended",
            "began_at": clock.to_iso(self.began_at),
            "ended_at": None if self.ended_at is None else clock.to_iso(self.ended_at),
            "workers": self.workers,
            "exit_code": code,
            "verdict": self.verdict,
            "says": self.says(),
            "report": None if self.goes_on else self._outcome.link,
        }

    def says(self) -> str:
        """Return one line about how the run is or how it ended."""
        if self.goes_on:
            live = self.live()
            return str(live["text"]) if live else next(reversed(self.lines), "starting")
        if (text := self._outcome.text) is not None:
            return text
        said = [*self.lines, ""]
        errors = [
            line + following.replace(_FIX, "; fix: ", 1) if following.startswith(_FIX) else line
            for line, following in pairwise(said)
            if line.startswith("error: ")
        ]
        return errors[-1] if errors else _ended_without_report(self.process.returncode)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                if _OWN_UI in line:  # which the service's page shows
                    continue
                self.lines.append(line.rstrip("\n"))
                say(self.lines[-1])
        self.process.wait()
        self.ended_at = clock.now()
        if self.folder.is_dir():
            self._keep(CONSOLE_FILE, "".join(f"{line}\n" for line in self.lines))
            self._keep(RUN_FILE, json.dumps(self.to_json(), indent=2))

    def _keep(self, name: str, text: str) -> None:
        try:
            (self.folder / name).write_text(text, encoding="utf-8")
        except OSError as exc:  # a full disk: the report matters more, and says so itself
            say(f"{name} was not written: {exc.strerror}")


def _ended_without_report(code: int) -> str:
    told = {ExitCode.INTERRUPTED: "stopped before the first file was offered"}
    known = {each.value: each for each in told}
    return told[known[code]] if code in known else f"ended with exit code {code} and without a report"


def _end_with_the_service() -> None:
    """Should the service be killed, the run ends as with Ctrl-C: https://man7.org/linux/man-pages/man2/prctl.2.html.

    Elsewhere than on Linux nothing tells it.
    """
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
