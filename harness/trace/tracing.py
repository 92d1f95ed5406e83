"""`trace`: from a name to the stories of the files that it is about."""

from __future__ import annotations

from pathlib import Path

from harness.stack.description import StackDescription
from harness.trace import folder
from harness.trace.finding import find
from harness.trace.stack import StackTeller
from harness.trace.story import FileRef, Story


def trace(run_dir: Path, name: str, stack: StackDescription | None) -> list[Story]:
    """Tell the story of each file that `name` is about.

    :param name: a ledger id or a key, or the end of one; a file id; a version id
    :param stack: the run's stack where it is still up
    :raises UsageError: no file of the run has this name, or more than a reader could follow
    :raises SettleError: a file of the folder cannot be read
    """
    return [_story(run_dir, file, stack) for file in find(run_dir, name)]


def _story(run_dir: Path, file: FileRef, stack: StackDescription | None) -> Story:
    story = Story(file)
    folder.tell(story, run_dir)
    if stack is None:
        story.gaps.append("The stack is gone: what its table, buckets and queues held besides is not known.")
        return story
    had_logs = any(moment.source.startswith("log ") for moment in story.moments)
    StackTeller(stack, story.began_at - 1).tell(story, with_logs=not had_logs)
    return story
