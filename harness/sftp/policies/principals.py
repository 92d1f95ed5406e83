"""`Principal` and `NotPrincipal`, in bucket policies and trust policies:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.sftp.policies.errors import MalformedPolicyError

_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
EVERYONE = "AWS:*"
"""`"*"` and `{"AWS": "*"}` mean the same."""


@dataclass(frozen=True)
class Caller:
    """Who asks. Names are `<type>:<value>`, such as `Service:transfer.amazonaws.com`."""

    session_names: frozenset[str]
    """The caller as narrowly as it can be named: an assumed-role session, or a service."""
    identity_names: frozenset[str] = frozenset()
    """The role that the session is of."""
    account_names: frozenset[str] = frozenset()
    """The account: in an `Allow` of the same account it grants nothing, it leaves that to IAM."""


@dataclass(frozen=True)
class Principals:
    """Whom a statement is about."""

    names: frozenset[str]
    all_but: bool

    def name_caller(self, caller: Caller) -> bool:
        """Tell whether the statement names exactly this session or service."""
        return not self.all_but and not self.names.isdisjoint(caller.session_names)

    def name_identity(self, caller: Caller) -> bool:
        """Tell whether it names the caller's role, or everyone."""
        return not self.all_but and not self.names.isdisjoint(caller.identity_names | {EVERYONE})

    def deny(self, caller: Caller) -> bool:
        """Tell whether a `Deny` is about the caller. By `NotPrincipal`, only a caller of whom session, role
        and account are all listed escapes, as AWS warns.
        """
        layers = [
            names for names in (caller.session_names, caller.identity_names, caller.account_names) if names
        ]
        if self.all_but:
            return any(self.names.isdisjoint(names) for names in layers)
        return not self.names.isdisjoint(frozenset({EVERYONE}).union(*layers))


def compile_principals(given: Mapping[str, object], effect: Literal["Allow", "Deny"]) -> Principals:
    """:raises MalformedPolicyError: no principal, or one that cannot be"""
    if ("Principal" in given) == ("NotPrincipal" in given):
        raise MalformedPolicyError("a statement must have either Principal or NotPrincipal")
    if "NotPrincipal" in given and effect == "Allow":
        raise MalformedPolicyError("NotPrincipal cannot be used with Allow")
    element = given.get("Principal", given.get("NotPrincipal"))
    return Principals(frozenset(_names(element)), "NotPrincipal" in given)


def _names(element: object) -> list[str]:
    if element == "*":
        return [EVERYONE]
    if not isinstance(element, Mapping) or not element or not element.keys() <= _TYPES:
        raise MalformedPolicyError(f"Principal must be * or an object of {sorted(_TYPES)}, not {element!r}")
    names: list[str] = []
    for kind, value in element.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(text, str) for text in values):
            raise MalformedPolicyError(f"principals of type {kind} must be one or more strings")
        names += [f"{kind}:{text}" for text in values]
    return names
