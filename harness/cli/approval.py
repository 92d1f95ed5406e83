"""Asking on the terminal before something is created in a real account, or removed from it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.output import messages
from harness.exceptions import UsageError
from harness.stack.in_account.approval import Approve, Proposal

Yes = Annotated[
    bool,
    typer.Option("--yes", help="With an account (--engine aws): show what it costs, and do not ask."),
]
SftpEndpoint = Annotated[
    str | None,
    typer.Option(
        "--sftp-endpoint",
        help="With an account (--engine aws): stand-in is our own server on this machine (the default), "
        "transfer a server of AWS Transfer Family, billed by the hour.",
    ),
]


def asking(yes: bool) -> Approve:
    """Return what shows a proposal and asks.

    :param yes: the answer was given on the command line
    """

    def approve(proposal: Proposal) -> bool:
        console = messages()
        for line in proposal.lines():
            console.print(line, markup=False)
        question = "Create all of it?" if proposal.is_new else "Run it?"
        return confirmed(question, yes, "--yes says that it may be created and billed")

    return approve


def confirmed(question: str, yes: bool, hint: str) -> bool:
    """Return whether the user says yes.

    :param hint: what `--yes` means here
    :raises UsageError: standard input is no terminal, so that nobody can be asked
    """
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", hint=hint)
    return yes or typer.confirm(question, default=False, err=True)
