"""The frame of the load process: configuration in, exit code out.

Everything is checked before the ledger is made. The log of Locust goes to `locust.log` beside the ledger;
only errors go to standard error.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence
from pathlib import Path

import gevent
from locust.env import Environment
from locust.log import setup_logging

from harness import programs
from harness.exit_codes import ExitCode
from harness.load import catalogue, ledger_format
from harness.load.config import LoadConfig, read_config
from harness.load.crew import LocalCrew, environment_for
from harness.load.distributed.master import Master
from harness.load.ledger_writer import LedgerWriter
from harness.load.run import LoadRun
from harness.load.web.ui import WebUi

LOG_FILE = "locust.log"


def main(arguments: Sequence[str], early_signals: Sequence[int] = ()) -> ExitCode:
    """Run one load; a signal that stops it early is no error.

    :param early_signals: filled while this module was being imported, and until our own handlers are there
    """
    return programs.run(
        "python -m harness.load LOADCONFIG.json",
        arguments,
        lambda path: _run(read_config(path), early_signals),
    )


def _run(config: LoadConfig, early_signals: Sequence[int]) -> None:
    scenario = catalogue.load(catalogue.locate(config.scenario))
    workload = config.workload or scenario.workload.changed(
        rate_per_s=config.rate_per_s, duration_s=config.duration_s, files=config.files
    )
    quiet_logs(config.ledger_dir)
    environment = environment_for(scenario)
    run: LoadRun | Master
    if config.master is not None:
        run = Master(config, config.master, scenario, workload, environment)
    else:
        ledger = LedgerWriter(config.ledger_dir / ledger_format.file_name(config.worker))
        run = LoadRun(config, scenario, workload, ledger, LocalCrew(environment))
    ui = _web_ui(config, environment, run)

    def stop() -> None:
        run.stop("signal")
        if ui is not None:
            ui.leave()

    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, stop)
    if early_signals:
        stop()
    run.execute()
    if ui is not None:
        ui.linger()


def _web_ui(config: LoadConfig, environment: Environment, run: LoadRun | Master) -> WebUi | None:
    if config.web_ui is None:
        return None
    ui = WebUi(environment, config.web_ui, config.ledger_dir, lambda: run.stop("web_ui"))
    ui.start()
    return ui


def quiet_logs(folder: Path) -> None:
    """Send Locust's log to a file in the folder, and allow the process as many connections as it may have."""
    folder.mkdir(parents=True, exist_ok=True)
    setup_logging("INFO", str(folder / LOG_FILE))
    # A refused login or a lost connection is a line in the ledger, not a line in the log.
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    programs.allow_many_files()
