"""Identity provider of AWS Transfer Family with one secret for each user, in AWS Secrets Manager.

The secret is called `<SECRET_PREFIX><server id>/<user name>` and holds JSON:

    Password           right password; without it, passwords are refused
    PublicKeys         list of OpenSSH public keys; without it, keys are refused
    AcceptedNetworks   list of networks that the user may come from, such as `192.0.2.0/24`; without it, from
                       everywhere
    Role, Policy, HomeDirectoryType, HomeDirectory, HomeDirectoryDetails
                       as Transfer takes them, but `Policy` and `HomeDirectoryDetails` as JSON, not as text

Settings (environment):

    SECRET_PREFIX      such as `transfer/`
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import os
from typing import Any

import boto3

SECRETS = boto3.client("secretsmanager")
REJECTED: dict[str, Any] = {}
GIVEN_AS_THEY_ARE = ("Role", "HomeDirectoryType", "HomeDirectory")
GIVEN_AS_TEXT = ("Policy", "HomeDirectoryDetails")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """Answer Transfer. An empty answer is a rejection."""
    secret = read_secret(event["serverId"], event["username"])
    if not comes_from_accepted_network(secret, event["sourceIp"]):
        return REJECTED
    password = event.get("password", "")
    if not password:
        keys = secret.get("PublicKeys")
        return {**settings(secret), "PublicKeys": keys} if keys else REJECTED
    return settings(secret) if password_is_right(secret, password) else REJECTED


def settings(secret: dict[str, Any]) -> dict[str, Any]:
    """Return what a session gets."""
    plain = {name: secret[name] for name in GIVEN_AS_THEY_ARE if name in secret}
    return plain | {name: json.dumps(secret[name]) for name in GIVEN_AS_TEXT if name in secret}


def password_is_right(secret: dict[str, Any], password: str) -> bool:
    """Compare in a time that does not tell how much was right, also for users that do not exist."""
    expected = secret.get("Password", "")
    is_same = hmac.compare_digest(expected.encode(), password.encode())
    return is_same and bool(expected)


def comes_from_accepted_network(secret: dict[str, Any], source_ip: str) -> bool:
    networks = secret.get("AcceptedNetworks")
    if networks is None:
        return True
    source = ipaddress.ip_address(source_ip)
    return any(source in ipaddress.ip_network(network) for network in networks)


def read_secret(server_id: str, user_name: str) -> dict[str, Any]:
    """Return the user's secret; empty when there is none."""
    name = f"{os.environ['SECRET_PREFIX']}{server_id}/{user_name}"
    try:
        answer = SECRETS.get_secret_value(SecretId=name)
    except SECRETS.exceptions.ResourceNotFoundException:
        return {}
    secret: dict[str, Any] = json.loads(answer["SecretString"])
    return secret
