"""`floodgate dlq list` and `floodgate dlq redrive`: what nobody works on any more, and bringing it back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from harness.cli.output import messages, results
from harness.deadletters import executions, outcomes
from harness.deadletters.letters import DeadLetter, Selection, read
from harness.deadletters.redrive import Redriven, redrive
from harness.deadletters.sources import MEANING, dead_letter_queues
from harness.exceptions import StackNotFoundError, UsageError
from harness.exit_codes import ExitCode
from harness.stack import lifecycle
from harness.stack.description import StackDescription

SCHEMA_VERSION = 1
app = typer.Typer(
    no_args_is_help=True, help="Dead letters of a stack that is up: look at them, bring them back."
)

Name = Annotated[str, typer.Option("--name", envvar="FLOODGATE_STACK", help="Which stack.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Show so many at most.")]


@app.command("list")
def list_letters(
    name: Name = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    limit: Limit = 50,
) -> ExitCode:
    """Show the dead letters, each with what the table says about its file."""
    description = _description(name)
    letters = read(description)
    failed = executions.failed_counts(description)
    if as_json:
        content = {
            "schema_version": SCHEMA_VERSION,
            "queues": _counts(description, letters),
            "messages": [asdict(letter) for letter in letters[:limit]],
            "failed_executions": failed,
        }
        results().print(json.dumps(content, indent=2), markup=False)
    else:
        _show(description, letters, limit, results())
        _show_executions(description, failed, results())
    return ExitCode.PASSED


@app.command("redrive")
def redrive_letters(
    name: Name = "default",
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="Those of this object; may be repeated.")
    ] = None,
    file_id: Annotated[
        list[str] | None, typer.Option("--file-id", help="Those of this file; may be repeated.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.01, help="At most so many messages a second.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for the files to have an end.")
    ] = 0.0,
) -> ExitCode:
    """Give failed files all their attempts again and bring their messages back to their queue."""
    selection = Selection(frozenset(key or ()), frozenset(file_id or ()))
    if everything != selection.is_all:
        raise UsageError("name files with --key or --file-id, or take --all (and not both)")
    description = _description(name)
    progress = messages()
    done = redrive(
        description,
        selection,
        per_s=rate,
        on_moved=lambda moved: progress.print(f"sent back: {moved}", markup=False),
    )
    _tell(done, results())
    if wait and done.file_ids:
        return _await(description, done.file_ids, wait)
    return ExitCode.PASSED if not done.stuck else ExitCode.THRESHOLD


def _description(name: str) -> StackDescription:
    description = lifecycle.describe(name)
    if description is None:
        raise StackNotFoundError(
            f"no stack named {name!r} is up", hint=f"`floodgate up --name {name}` starts one"
        )
    return description


def _counts(description: StackDescription, letters: Sequence[DeadLetter]) -> dict[str, int]:
    found = Counter(letter.queue for letter in letters)
    return {queue.role: found[queue.role] for queue in dead_letter_queues(description.queues)}


def _show(description: StackDescription, letters: Sequence[DeadLetter], limit: int, out: Console) -> None:
    for role, count in _counts(description, letters).items():
        out.print(f"{role:<20} {count:>6}  {MEANING[role]}", markup=False)
    for letter in letters[:limit]:
        out.print(f"\n{letter.key or '(about no object)'}", markup=False)
        for label, value in _lines(letter):
            out.print(f"  {label:<10} {value}", markup=False)
    if len(letters) > limit:
        out.print(f"\n{len(letters) - limit} more; --limit shows them", markup=False)


def _lines(letter: DeadLetter) -> list[tuple[str, str]]:
    tried = "no attempt recorded" if letter.attempts is None else f"{letter.attempts} attempts"
    again = f", brought back {letter.redrives} times before" if letter.redrives else ""
    cause = letter.cause or "no failure recorded"
    told = f"{cause}: {letter.error_message}" if letter.error_message else cause
    return [
        ("in", f"{letter.queue}, received {letter.receive_count} times, {letter.age_s:.0f} s old"),
        ("row", f"{letter.status or 'none'}, {tried}{again}"),
        ("cause", told),
        ("file id", letter.file_id or "-"),
        ("message", letter.message_id),
    ]


def _show_executions(description: StackDescription, failed: dict[str, int], out: Console) -> None:
    for role, count in failed.items():
        if count:
            arn = description.state_machines[role]
            out.print(
                f"\n{count} executions of {role} failed. {executions.hint(description, arn)}", markup=False
            )


def _tell(done: Redriven, out: Console) -> None:
    messages, rows = _counted(done.messages, "message"), _counted(done.rows, "row")
    out.print(f"{messages} brought back, {rows} from failed to queued", markup=False)
    for key in done.stuck:
        out.print(f"not brought back: {key}", markup=False)
    if done.stuck:
        out.print(
            "These are behind another dead letter of their group in a FIFO queue (bring that back as well), "
            "or there is no queue to bring them back to.",
            markup=False,
        )


def _await(description: StackDescription, file_ids: Sequence[str], wait_s: float) -> ExitCode:
    if not description.table:
        results().print("this pipeline has no table, so nothing tells what becomes of them", markup=False)
        return ExitCode.PASSED
    found = outcomes.wait(description, file_ids, wait_s)
    counted = ", ".join(f"{count} {status}" for status, count in found.by_status.most_common())
    results().print(f"after waiting: {counted}", markup=False)
    for cause, count in found.failed_again.most_common():
        results().print(f"failed again, {cause}: {count}", markup=False)
    return ExitCode.PASSED if found.all_delivered else ExitCode.THRESHOLD


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
