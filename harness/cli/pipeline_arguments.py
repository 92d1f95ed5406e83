"""Arguments that choose the pipeline, for every command that takes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness.deploy.options import RECORDINGS, ROUTES, PipelineOptions, parse_parameters

Name = Annotated[
    str, typer.Option("--name", envvar="FLOODGATE_STACK", help="Which stack; names keep stacks apart.")
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="Where the AWS API comes from: localstack, localstack:docker, ministack, the URL of one that "
        "runs, or aws: a real account, which asks before it spends.",
    ),
]
Route = Annotated[
    str, typer.Option("--route", help=f"The way of files through the pipeline: {', '.join(ROUTES)}.")
]
Fifo = Annotated[bool, typer.Option("--fifo", help="FIFO work queue, ordered by customer; implies --pipe.")]
Pipe = Annotated[bool, typer.Option("--pipe", help="An EventBridge Pipe between the rule and the work.")]
Recording = Annotated[
    str | None,
    typer.Option("--recording", help=f"{' or '.join(RECORDINGS)}: when rows of the table appear."),
]
Parameter = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="KEY=VALUE", help="A template parameter; may be repeated."),
]
Template = Annotated[Path | None, typer.Option("--template", help="Your own CloudFormation template.")]
Handlers = Annotated[Path | None, typer.Option("--handlers", help="Folder of your own Lambda code.")]

PartialUpload = Annotated[
    str | None,
    typer.Option(
        "--partial-upload",
        help="What becomes of an upload whose session ends with the file open: keep what arrived, "
        "as AWS does (the default), or discard it.",
    ),
]
SftpWorkers = Annotated[
    int | None,
    typer.Option("--sftp-workers", help="How many processes serve SFTP on one port; 1 unless given."),
]

SftpHost = Annotated[
    str, typer.Option("--sftp-host", help="Address that SFTP and the Transfer API listen on.")
]
SftpPort = Annotated[
    int, typer.Option("--sftp-port", min=0, max=65_535, help="Port of SFTP; 0 for any free one.")
]
TransferPort = Annotated[
    int,
    typer.Option("--transfer-port", min=0, max=65_535, help="Port of the Transfer API; 0 for any free one."),
]
AdvertiseHost = Annotated[
    str | None,
    typer.Option(
        "--advertise-host", help="Name by which clients find --sftp-host, where that is not the one to tell."
    ),
]


def options(
    route: str,
    fifo: bool,
    pipe: bool,
    recording: str | None,
    parameter: Sequence[str] | None,
    template: Path | None,
    handlers: Path | None,
) -> PipelineOptions:
    """Return the arguments as one object.

    :raises UsageError: a `--parameter` is not KEY=VALUE
    """
    return PipelineOptions(
        route=route,
        fifo=fifo,
        pipe=pipe,
        recording=recording,
        parameters=parse_parameters(parameter or ()),
        template=template,
        handlers=handlers,
    )
