"""From the JSON text of a policy to statements that are ready to be asked.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html What IAM would
not take is refused here, whole: a statement that is not understood could be the one that denies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Literal

from harness.sftp.policies.conditions import Condition, NullCondition, compile_conditions
from harness.sftp.policies.errors import MalformedPolicyError
from harness.sftp.policies.patterns import Kind, Pattern, Values, any_matches, compile_pattern
from harness.sftp.policies.principals import Principals, compile_principals

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_SID = re.compile(r"[A-Za-z0-9]*")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Condition"}
    | {"Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"}
)
_TIME_KEY = re.compile(r"(?i)aws:(currenttime|epochtime)")
_NO_VALUES: Values = {}


class PolicyType(Enum):
    """What a policy is attached to, which decides on the elements that it has."""

    IDENTITY = "of a role or session: has resources, no principals"
    BUCKET = "of a bucket: has resources and principals"
    TRUST = "of a role, who may assume it: has principals, no resources"


@dataclass(frozen=True)
class Statement:
    """One statement. `actions` are in lower case, because names of actions have no case."""

    effect: Literal["Allow", "Deny"]
    actions: tuple[Pattern, ...]
    names_other_actions: bool
    resources: tuple[Pattern, ...]
    names_other_resources: bool
    conditions: tuple[Condition | NullCondition, ...]
    principals: Principals | None

    def concerns(self, action: str) -> bool:
        """:param action: in lower case"""
        return any_matches(self.actions, action, _NO_VALUES) is not self.names_other_actions

    def applies(self, resource: str, context: Values) -> bool:
        """Tell whether resource and conditions fit.

        An `Allow` never applies by a variable that has no value, whatever it is part of: with `NotResource`
        or a negated operator, a name that cannot be known would otherwise widen it. AWS says that such a
        statement may be invalid as a whole
        (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
        """
        if any_matches(self.resources, resource, context) is self.names_other_resources:
            return False
        for condition in self.conditions:
            if not condition.holds(context):
                return False
        return self.effect == "Deny" or not self._unsure or self._is_resolvable(context)

    @cached_property
    def _unsure(self) -> tuple[Pattern | Condition | NullCondition, ...]:
        """What has variables."""
        return tuple(
            part for part in (*self.resources, *self.conditions) if not part.is_resolvable(_NO_VALUES)
        )

    def _is_resolvable(self, context: Values) -> bool:
        return all(part.is_resolvable(context) for part in self._unsure)


@dataclass(frozen=True)
class Policy:
    """All statements of one policy, found by action."""

    statements: tuple[Statement, ...]
    is_timed: bool = False
    """It asks for the time of the call."""
    _by_action: dict[str, tuple[Statement, ...]] = field(default_factory=dict, compare=False, repr=False)

    def about(self, action: str) -> tuple[Statement, ...]:
        """Return the statements that name the action (in lower case); denying ones come first."""
        found = self._by_action.get(action)
        if found is None:
            concerned = [statement for statement in self.statements if statement.concerns(action)]
            found = tuple(sorted(concerned, key=lambda statement: statement.effect == "Allow"))
            self._by_action[action] = found
        return found


def parse(text: str, policy_type: PolicyType, *, filled: Values = _NO_VALUES) -> Policy:
    """Compile a policy.

    :param filled: variables that are filled in before IAM sees the policy, by name in lower case
    :raises MalformedPolicyError: IAM would not take it
    """
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as exc:
        raise MalformedPolicyError(f"not JSON: {exc}") from exc
    if not isinstance(document, Mapping):
        raise MalformedPolicyError("a policy is a JSON object")
    version = document.get("Version", "2008-10-17")
    if version not in ("2012-10-17", "2008-10-17"):
        raise MalformedPolicyError(f"Version must be 2012-10-17, not {version!r}")
    compiler = _Compiler(policy_type, with_variables=version == "2012-10-17", filled=filled)
    return Policy(compiler.statements(document), is_timed=bool(_TIME_KEY.search(json.dumps(document))))


@dataclass(frozen=True)
class _Compiler:
    policy_type: PolicyType
    with_variables: bool
    filled: Values

    def statements(self, document: Mapping[str, object]) -> tuple[Statement, ...]:
        if unknown := document.keys() - {"Version", "Id", "Statement"}:
            raise MalformedPolicyError(f"unknown elements {sorted(unknown)}")
        given = document.get("Statement")
        listed = given if isinstance(given, list) else [given]
        statements = [statement for statement in listed if isinstance(statement, Mapping)]
        if not statements or len(statements) != len(listed):
            raise MalformedPolicyError("Statement must be one or more JSON objects")
        self._check_sids(statements)
        return tuple(self._statement(statement) for statement in statements)

    def _check_sids(self, statements: list[Mapping[str, object]]) -> None:
        sids = [statement["Sid"] for statement in statements if "Sid" in statement]
        if not all(isinstance(sid, str) for sid in sids):
            raise MalformedPolicyError("Sid must be a string")
        if len(set(sids)) != len(sids):
            raise MalformedPolicyError("statement ids (Sid) in a single policy must be unique")
        if self.policy_type is not PolicyType.BUCKET and not all(_SID.fullmatch(str(sid)) for sid in sids):
            raise MalformedPolicyError("statement ids (Sid) must be of the characters A-Z a-z 0-9")

    def _statement(self, given: Mapping[str, object]) -> Statement:
        if unknown := given.keys() - _ELEMENTS:
            raise MalformedPolicyError(f"unknown elements {sorted(unknown)}")
        effect = given.get("Effect")
        if effect != "Allow" and effect != "Deny":
            raise MalformedPolicyError(f"Effect must be Allow or Deny, not {effect!r}")
        actions, names_other_actions = _one_of(given, "Action", "NotAction")
        resources, names_other_resources = self._resources(given)
        return Statement(
            effect,
            tuple(_action(text) for text in actions),
            names_other_actions,
            resources,
            names_other_resources,
            compile_conditions(
                given.get("Condition", {}), with_variables=self.with_variables, filled=self.filled
            ),
            self._principals(given, effect),
        )

    def _resources(self, given: Mapping[str, object]) -> tuple[tuple[Pattern, ...], bool]:
        if self.policy_type is PolicyType.TRUST:
            _refuse(given, "Resource", "NotResource")
            return (self._pattern("*"),), False
        texts, names_others = _one_of(given, "Resource", "NotResource")
        for text in texts:
            if text != "*" and not _is_arn(text):
                raise MalformedPolicyError(f"Resource {text} must be in ARN format or *")
        return tuple(self._pattern(text) for text in texts), names_others

    def _pattern(self, text: str) -> Pattern:
        return compile_pattern(text, Kind.RESOURCE, with_variables=self.with_variables, filled=self.filled)

    def _principals(self, given: Mapping[str, object], effect: Literal["Allow", "Deny"]) -> Principals | None:
        if self.policy_type is PolicyType.IDENTITY:
            _refuse(given, "Principal", "NotPrincipal")
            return None
        return compile_principals(given, effect)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two `Statement`s, the one that is dropped could be the one that denies."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedPolicyError(f"an element is given twice among {[name for name, _ in pairs]}")
    return found


def _is_arn(text: str) -> bool:
    """Six fields, of which the last may be left out by a `*` (`arn:aws:s3*`)."""
    if not text.startswith("arn:"):
        return False
    return text.count(":") >= 5 or text.endswith("*")


def _action(text: str) -> Pattern:
    if not _ACTION.fullmatch(text):
        raise MalformedPolicyError(f"Action {text!r} must be * or begin with a service, such as s3:GetObject")
    return compile_pattern(text.lower(), Kind.TEXT, with_variables=False, filled=_NO_VALUES)


def _one_of(given: Mapping[str, object], name: str, other: str) -> tuple[list[str], bool]:
    """Return the texts of the one element of the two that is there, and whether it is `other`."""
    if (name in given) == (other in given):
        raise MalformedPolicyError(f"a statement must have either {name} or {other}")
    value = given[name] if name in given else given[other]
    listed = value if isinstance(value, list) else [value]
    texts = [text for text in listed if isinstance(text, str)]
    if not texts or len(texts) != len(listed):
        raise MalformedPolicyError(f"{name if name in given else other} must be one or more strings")
    return texts, other in given


def _refuse(given: Mapping[str, object], *names: str) -> None:
    if found := [name for name in names if name in given]:
        raise MalformedPolicyError(f"this type of policy has no {found[0]}")
