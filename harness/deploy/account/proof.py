"""Proof that nothing of a stack is left in an account: every service is asked, by name and by tag.

A deleted CloudFormation stack proves little: what a template retains, what Lambda makes for itself, and what
was created beside the stack all outlive it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from harness.aws import translated
from harness.deploy.account.looks import LOOKS, ClientOf, Look
from harness.deploy.record import STACK_TAG, TOKEN_TAG
from harness.exceptions import AwsError

_NO_SUCH_SERVICE = frozenset(
    {"501", "InternalFailure", "NotImplemented", "NotImplementedException", "UnknownOperationException"}
)
"""What an engine that stands in for AWS answers about a service that it lacks, and that so holds nothing."""
_SEPARATORS = re.compile(r"[/:]")


@dataclass(frozen=True)
class Answer:
    """What one service said.

    :param seen: how many of the kind there are, whosever they are
    :param left: those of the stack
    :param unknown: why it could not be asked; empty where it could
    """

    what: str
    seen: int
    left: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class Proof:
    """All answers about one stack."""

    stack_name: str
    answers: tuple[Answer, ...]

    @property
    def left(self) -> list[str]:
        """What is still there."""
        return [f"{answer.what}: {name}" for answer in self.answers for name in answer.left]

    @property
    def unknown(self) -> list[str]:
        """What could not be looked at, with the reason."""
        return [f"{answer.what}: {answer.unknown}" for answer in self.answers if answer.unknown]

    @property
    def is_complete(self) -> bool:
        """Nothing is left, and everything was looked at."""
        return not (self.left or self.unknown)

    def lines(self) -> Iterator[str]:
        """Yield the proof for people."""
        if not self.left:
            looked = ", ".join(f"{each.seen} {each.what}" for each in self.answers if not each.unknown)
            yield f"nothing of {self.stack_name} among: {looked}"
        yield from (f"STILL THERE: {each}" for each in self.left)
        yield from (f"NOT LOOKED AT: {each}" for each in self.unknown)


def prove(
    client_of: ClientOf,
    stack_name: str,
    *,
    known: Collection[str] = (),
    token: str | None = None,
    artifacts: Callable[[], Collection[str]] = tuple,
    is_aws_itself: bool = True,
) -> Proof:
    """Ask every service what is left of a stack.

    :param known: names and ids that its resources had
    :param token: of its deployment, where another has taken its name: then only tags tell the two apart
    :param artifacts: returns what is left of its code
    :raises StackLostError: AWS does not answer
    """
    answers = []
    tag = (TOKEN_TAG, token) if token else (STACK_TAG, stack_name.removeprefix("floodgate-"))
    if token is None:
        others = _answer_stacks(client_of, stack_name)
        is_of = _Names(stack_name, known, others.others)
        answers.append(others.answer)
        answers += [_ask(client_of, look, is_of, lacks_services=not is_aws_itself) for look in LOOKS]
    answers.append(_answer_tags(client_of, *tag, lacks_services=not is_aws_itself))
    code = tuple(artifacts())
    answers.append(Answer("uploaded packages", len(code), code))
    return Proof(stack_name, tuple(answers))


class _Names:
    """Tells whether a name is of the stack, and not of another whose name begins in the same way."""

    def __init__(self, stack_name: str, known: Collection[str], others: Collection[str]) -> None:
        self._stack = stack_name.lower()
        self._known = frozenset(known)
        self._others = [name.lower() for name in others]

    def __contains__(self, name: str) -> bool:
        if name in self._known:
            return True
        parts = _SEPARATORS.split(name.lower())
        return any(_is_below(part, self._stack) and not self._is_of_another(part) for part in parts)

    def _is_of_another(self, part: str) -> bool:
        return any(_is_below(part, other) for other in self._others)


def _is_below(name: str, stack: str) -> bool:
    return name == stack or name.startswith((f"{stack}-", f"{stack}."))


@dataclass(frozen=True)
class _Stacks:
    answer: Answer
    others: list[str]
    """Live stacks whose names begin with this one's."""


def _answer_stacks(client_of: ClientOf, stack_name: str) -> _Stacks:
    with translated("listing the CloudFormation stacks"):
        pages = client_of("cloudformation").get_paginator("list_stacks").paginate()
        names = [
            each["StackName"]
            for page in pages
            for each in page["StackSummaries"]
            if each["StackStatus"] != "DELETE_COMPLETE"
        ]
    left = tuple(name for name in names if name == stack_name)
    others = [name for name in names if name.startswith(f"{stack_name}-")]
    return _Stacks(Answer("CloudFormation stacks", len(names), left), others)


def _ask(client_of: ClientOf, look: Look, is_of: _Names, *, lacks_services: bool) -> Answer:
    try:
        with translated(f"listing {look.what}"):
            names = list(look.names(client_of(look.service)))
    except AwsError as exc:
        return _unknown(look.what, exc, lacks_services)
    return Answer(look.what, len(names), tuple(name for name in names if name in is_of))


def _answer_tags(client_of: ClientOf, key: str, value: str, *, lacks_services: bool) -> Answer:
    """Ask for what has our tag. The index lags behind: what has gone may be in it for a while."""
    what = f"resources with the tag {key}"
    tag = {"Key": key, "Values": [value]}
    try:
        with translated("listing resources by tag"):
            pages = client_of("resourcegroupstaggingapi").get_paginator("get_resources")
            found = [
                each["ResourceARN"]
                for page in pages.paginate(TagFilters=[tag])
                for each in page["ResourceTagMappingList"]
            ]
    except AwsError as exc:
        return _unknown(what, exc, lacks_services)
    return Answer(what, len(found), tuple(found))


def _unknown(what: str, error: AwsError, lacks_services: bool) -> Answer:
    if lacks_services and error.code in _NO_SUCH_SERVICE:
        return Answer(what, 0)
    return Answer(what, 0, unknown=error.message)
