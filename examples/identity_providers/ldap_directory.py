"""Identity provider of AWS Transfer Family that asks a directory service by LDAP.

A password is right when the directory takes it (a bind as the user). Public keys are those in the attribute
`sshPublicKey` of the user's entry. `ldap3` and `pyasn1` are packed into the function's zip.

Settings (environment):

    LDAP_URL       `ldaps://directory.example.com`; plain `ldap://` sends passwords in the clear
    LDAP_CA_FILE   file in the zip with the authority that signed the directory's certificate; without it,
                   those of the system count
    USER_DN        the name of a user's entry, `{}` in the place of the login name, such as
                   `uid={},ou=people,dc=example,dc=com`
    GROUP_DN       only members (`member`) of this group may log in; without it, everybody may
    READER_SECRET  secret with `{"dn": …, "password": …}` of who may read entries; without it, they are read
                   anonymously
    ROLE_ARN       role of every session
    BUCKET         every user sees `/BUCKET/<user name>` as `/`
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import ldap3
from ldap3.core.results import RESULT_INVALID_CREDENTIALS
from ldap3.utils.dn import escape_rdn

CONNECT_TIMEOUT_S = 4
ANSWER_TIMEOUT_S = 5
REJECTED: dict[str, Any] = {}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Answer Transfer. An empty answer is a rejection; an exception (the directory is down) fails the login,
    too, and is in this function's log.
    """
    user_dn = os.environ["USER_DN"].format(escape_rdn(event["username"]))
    password = event.get("password", "")
    if password:
        return welcome() if password_is_right(user_dn, password) else REJECTED
    keys = public_keys(user_dn)
    return {**welcome(), "PublicKeys": keys} if keys else REJECTED


def welcome() -> dict[str, Any]:
    """Return what every user gets. Transfer fills in the name."""
    home = [{"Entry": "/", "Target": f"/{os.environ['BUCKET']}/${{transfer:UserName}}"}]
    return {
        "Role": os.environ["ROLE_ARN"],
        "HomeDirectoryType": "LOGICAL",
        "HomeDirectoryDetails": json.dumps(home),
    }


def password_is_right(user_dn: str, password: str) -> bool:
    """Never called with an empty password: to a directory that is an anonymous bind, which succeeds."""
    with connection(user_dn, password) as bound:
        return bound is not None and is_member(bound, user_dn)


def public_keys(user_dn: str) -> list[str]:
    """Return the user's keys; none when there is no such user."""
    reader = reader_credentials()
    with connection(reader.get("dn"), reader.get("password")) as bound:
        if bound is None:
            raise PermissionError("the directory does not know the reader of READER_SECRET")
        if not is_member(bound, user_dn):
            return []
        bound.search(user_dn, "(objectClass=*)", ldap3.BASE, attributes=["sshPublicKey"])
        found = [entry["raw_attributes"] for entry in bound.response]
        return [key.decode() for attributes in found for key in attributes.get("sshPublicKey", [])]


def is_member(bound: ldap3.Connection, user_dn: str) -> bool:
    group_dn = os.environ.get("GROUP_DN")
    return not group_dn or bool(bound.compare(group_dn, "member", user_dn))


@contextmanager
def connection(dn: str | None, password: str | None) -> Iterator[ldap3.Connection | None]:
    """Give a connection that is bound as `dn`, or `None` when the directory refuses name or password."""
    server = ldap3.Server(
        os.environ["LDAP_URL"], tls=tls(), connect_timeout=CONNECT_TIMEOUT_S, get_info=ldap3.NONE
    )
    made = ldap3.Connection(server, dn, password, receive_timeout=ANSWER_TIMEOUT_S)
    is_bound = made.bind()
    try:
        if not is_bound and made.result["result"] != RESULT_INVALID_CREDENTIALS:
            raise ConnectionError(f"the directory answers: {made.result['description']}")
        yield made if is_bound else None
    finally:
        made.unbind()


def tls() -> ldap3.Tls:
    return ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=os.environ.get("LDAP_CA_FILE"))


def reader_credentials() -> dict[str, str]:
    secret_id = os.environ.get("READER_SECRET")
    if not secret_id:
        return {}
    answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
    credentials: dict[str, str] = json.loads(answer["SecretString"])
    return credentials
