"""From what an identity provider answers to a user, by AWS's rules and nothing else.

https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Object
from typing import Any, cast

from harness.exceptions import IdentityProviderError
from harness.sftp.identity import HomeDirectoryType, Mapping, User, to_mapping
from harness.sftp.public_keys import wire_formats

_HINT = "see https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html for the fields"


def user_from(text: bytes, user_name: str, *, for_password: bool) -> User | None:
    """Return the user whom the answer lets in; `None` when it rejects. Errors do not quote the answer: what a
    provider sends back may have the password in it, and errors are logged.

    :param text: JSON
    :param for_password: whether a password was asked about, or the user's keys
    :raises IdentityProviderError: the answer breaks a rule
    """
    answer = _object(text)
    role = _text(answer, "Role")
    if not role:
        return None
    home_type = _home_type(answer)
    return User(
        name=user_name,
        role_arn=role,
        public_keys=_no_keys(answer) if for_password else _keys(answer),
        home_directory_type=home_type,
        home_directory=_home_directory(answer),
        mappings=_mappings(answer, user_name) if home_type == "LOGICAL" else (),
        policy=_policy(answer),
    )


def _object(text: bytes) -> Object[str, Any]:
    answer = _parsed(text, "it is not JSON")
    if not isinstance(answer, dict):
        raise _broken("it is not a JSON object")
    return answer


def _parsed(text: bytes | str, complaint: str) -> Any:
    """Thousands of brackets inside each other are taken for JSON by nobody."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _broken(complaint) from exc


def _keys(answer: Object[str, Any]) -> frozenset[bytes]:
    """A text that is no key, or a weak one, opens nothing; the others still do."""
    keys = answer.get("PublicKeys") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _broken("`PublicKeys` must be a list of strings")
    return wire_formats(keys)


def _no_keys(answer: Object[str, Any]) -> frozenset[bytes]:
    """An empty list counts as one: the page says that the member must not be there at all."""
    if answer.get("PublicKeys") is not None:
        raise _broken("`PublicKeys` must not be in the answer to a password")
    return frozenset()


def _policy(answer: Object[str, Any]) -> str | None:
    """What is JSON passes, whether or not it is a policy: a wrong policy denies every operation later, and
    does not fail the login.
    """
    policy = _text(answer, "Policy")
    if not policy:
        return None
    _parsed(policy, "`Policy` must be a string of JSON")
    return policy


def _home_type(answer: Object[str, Any]) -> HomeDirectoryType:
    home_type = _text(answer, "HomeDirectoryType") or "PATH"
    if home_type not in ("PATH", "LOGICAL"):
        raise _broken("`HomeDirectoryType` must be PATH or LOGICAL")
    return cast(HomeDirectoryType, home_type)


def _home_directory(answer: Object[str, Any]) -> str:
    home = _text(answer, "HomeDirectory") or "/"
    if not home.startswith("/"):
        raise _broken("`HomeDirectory` must begin with a slash")
    return home


def _mappings(answer: Object[str, Any], user_name: str) -> tuple[Mapping, ...]:
    text = _text(answer, "HomeDirectoryDetails") or "[]"
    details = _parsed(text, "`HomeDirectoryDetails` must be a string of JSON")
    if not isinstance(details, list) or not details:
        raise _broken(
            "LOGICAL needs `HomeDirectoryDetails`: a string of JSON, a list with one mapping or more"
        )
    return tuple(_mapping(entry, user_name) for entry in details)


def _mapping(given: Any, user_name: str) -> Mapping:
    if not isinstance(given, dict):
        raise _broken("each mapping must be an object with `Entry` and `Target`")
    entry, target, kind = _text(given, "Entry"), _text(given, "Target"), _text(given, "Type") or "DIRECTORY"
    if not entry.startswith("/") or not target.startswith("/") or target.endswith("/"):
        raise _broken("`Entry` and `Target` must begin with a slash, and `Target` must not end with one")
    if kind not in ("DIRECTORY", "FILE"):
        raise _broken("`Type` of a mapping must be DIRECTORY or FILE")
    return to_mapping(entry, target, user_name, kind)


def _text(answer: Object[str, Any], name: str) -> str:
    """Return a member that must be a string; empty when it is absent or null."""
    value = answer.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _broken(f"`{name}` must be a string")
    return value


def _broken(what: str) -> IdentityProviderError:
    return IdentityProviderError(f"the identity provider's answer cannot be used: {what}", hint=_HINT)
