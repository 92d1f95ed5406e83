"""Options of `floodgate run` about the load generator's processes, named as Locust names them."""

from __future__ import annotations

from typing import Annotated

import typer

_PANEL = "Load generator"

LoadWorkers = Annotated[
    int | None,
    typer.Option(
        "--load-workers",
        help="Load processes on this machine, each with its part of the schedule; 1 unless given.",
        rich_help_panel=_PANEL,
    ),
]
AsMaster = Annotated[
    bool,
    typer.Option("--master", help="Have workers on other machines offer the files.", rich_help_panel=_PANEL),
]
ExpectWorkers = Annotated[
    int,
    typer.Option(
        "--expect-workers", help="How many; the load begins when all are there.", rich_help_panel=_PANEL
    ),
]
ExpectWorkersMaxWait = Annotated[
    float,
    typer.Option(
        "--expect-workers-max-wait",
        help="How many seconds they may take to come, and a worker waits for its master.",
        rich_help_panel=_PANEL,
    ),
]
MasterBindHost = Annotated[
    str,
    typer.Option(
        "--master-bind-host", help="Address that the master listens on; * for all.", rich_help_panel=_PANEL
    ),
]
MasterBindPort = Annotated[
    int, typer.Option("--master-bind-port", help="0 for any that is free.", rich_help_panel=_PANEL)
]
AsWorker = Annotated[
    bool,
    typer.Option(
        "--worker",
        help="Work for a master, which brings scenario, keys and all else; both need the same"
        " FLOODGATE_WORKER_TOKEN.",
        rich_help_panel=_PANEL,
    ),
]
MasterHost = Annotated[
    str, typer.Option("--master-host", help="Where the worker's master is.", rich_help_panel=_PANEL)
]
MasterPort = Annotated[int, typer.Option("--master-port", help="See --master-host.", rich_help_panel=_PANEL)]
WebUi = Annotated[
    bool,
    typer.Option(
        "--web-ui", help="Serve Locust's web UI, with the pipeline as a tab.", rich_help_panel=_PANEL
    ),
]
WebHost = Annotated[
    str, typer.Option("--web-host", help="Address that the web UI listens on.", rich_help_panel=_PANEL)
]
WebPort = Annotated[
    int, typer.Option("--web-port", help="Port of the web UI; 0 for any free one.", rich_help_panel=_PANEL)
]
