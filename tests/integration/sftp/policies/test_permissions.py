"""Policies in the engine's IAM, asked by clients that we did not write.

The policies are those that AWS recommends to users of Transfer Family:
https://docs.aws.amazon.com/transfer/latest/userguide/users-policies-session.html
https://docs.aws.amazon.com/transfer/latest/userguide/users-policies.html
https://docs.aws.amazon.com/transfer/latest/userguide/configure-storage.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from harness import aws
from harness.engines.base import EngineInfo
from harness.transfer.model import MapEntry
from harness.transfer.store import TransferStore
from tests.integration.sftp.clients import paramiko_sftp, sftp
from tests.integration.sftp.conftest import MakeFrontEnd
from tests.integration.sftp.front_end import FrontEnd, until
from tests.integration.sftp.policies.users import Roles, policy, put_user, store_with_server

pytestmark = pytest.mark.integration

HOME_ONLY = """{"Version":"2012-10-17","Statement":[
 {"Sid":"AllowListingOfUserFolder","Effect":"Allow","Action":["s3:ListBucket"],
  "Resource":["arn:aws:s3:::${transfer:HomeBucket}"],
  "Condition":{"StringLike":{"s3:prefix":["${transfer:HomeFolder}/*","${transfer:HomeFolder}"]}}},
 {"Sid":"HomeDirObjectAccess","Effect":"Allow","Resource":"arn:aws:s3:::${transfer:HomeDirectory}/*",
  "Action":["s3:PutObject","s3:GetObject","s3:DeleteObjectVersion","s3:DeleteObject","s3:GetObjectVersion",
  "s3:GetObjectACL","s3:PutObjectACL"]}]}"""
ALL_OF_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture(scope="module")
def roles(localstack: EngineInfo) -> Roles:
    return Roles(aws.client("iam", localstack))


@pytest.fixture(scope="module")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "transfer.sqlite"


@pytest.fixture(scope="module")
def store(store_file: Path) -> Iterator[TransferStore]:
    with store_with_server(store_file) as made:
        yield made


@pytest.fixture(scope="module")
def server(make_front_end: MakeFrontEnd, store: TransferStore, store_file: Path) -> FrontEnd:
    settings = {"store_file": str(store_file), "users": [], "authorisation": "iam", "policy_ttl_s": 0.2}
    return make_front_end(settings=settings)


@pytest.fixture(scope="module")
def objects(s3: Any, bucket: str) -> None:
    for key in ("home/alice/own.txt", "home/bob/secret.txt", "home/bob/deep/file.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


@pytest.fixture(scope="module")
def alice(
    server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, objects: None
) -> Iterator[paramiko.SFTPClient]:
    """A user with the recommended session policy, and a role that may do anything."""
    role_arn = roles.make(attached=policy(ALL_OF_S3))
    put_user(store, server, "alice", role_arn, home=f"/{bucket}/home/alice", session_policy=HOME_ONLY)
    with paramiko_sftp(server, server.login("alice")) as client:
        yield client


def keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def until_logged(server: FrontEnd, message: str, user_path: str = "") -> None:
    def is_there() -> bool:
        lines = [line for line in server.log_lines() if line["activity-type"] == "ERROR"]
        return any(line["message"].startswith(message) and user_path in line["path"] for line in lines)

    until(f"the log says {message!r}", is_there)


def assert_denied(*calls: Callable[[], object]) -> None:
    for call in calls:
        with pytest.raises(PermissionError):
            call()


def test_the_home_is_where_a_session_begins_and_may_be_used(
    alice: paramiko.SFTPClient, s3: Any, bucket: str
) -> None:
    assert alice.normalize(".") == f"/{bucket}/home/alice"
    assert alice.listdir() == ["own.txt"]
    with alice.open("new.txt", "w") as file:
        file.write("new")
    alice.mkdir("folder")
    alice.rename("new.txt", "folder/moved.txt")
    assert alice.stat("folder/moved.txt").st_size == 3
    assert alice.listdir("folder") == ["moved.txt"]
    alice.remove("folder/moved.txt")
    alice.rmdir("folder")
    assert keys(s3, bucket, "home/alice/") == ["home/alice/own.txt"]


@pytest.mark.parametrize("path", ["/{bucket}/home/bob", "../bob", "/{bucket}/home/alice/../bob/./deep/.."])
def test_the_home_of_another_user_is_denied_in_every_operation(
    alice: paramiko.SFTPClient, s3: Any, bucket: str, path: str
) -> None:
    bob = path.format(bucket=bucket)
    before = keys(s3, bucket, "home/")
    assert_denied(
        lambda: alice.stat(f"{bob}/secret.txt"),
        lambda: alice.stat(f"{bob}/missing.txt"),
        lambda: alice.stat(bob),
        lambda: alice.lstat(f"{bob}/deep"),
        lambda: alice.listdir(bob),
        lambda: alice.open(f"{bob}/secret.txt").read(),
        lambda: alice.open(f"{bob}/new.txt", "w"),
        lambda: alice.open(f"{bob}/secret.txt", "w"),
        lambda: alice.rename("own.txt", f"{bob}/own.txt"),
        lambda: alice.rename(f"{bob}/secret.txt", "stolen.txt"),
        lambda: alice.remove(f"{bob}/secret.txt"),
        lambda: alice.mkdir(f"{bob}/folder"),
        lambda: alice.rmdir(f"{bob}/deep"),
    )
    assert keys(s3, bucket, "home/") == before


def test_above_the_home_there_is_nothing_to_list(alice: paramiko.SFTPClient, bucket: str) -> None:
    alice.stat("/")
    for path in ("/", f"/{bucket}", f"/{bucket}/home", "/another-bucket", ".."):
        with pytest.raises(PermissionError):
            alice.listdir(path)
    with pytest.raises(PermissionError):
        alice.stat(f"/{bucket}")
    with pytest.raises(FileNotFoundError):
        alice.stat("/%2e%2e/x")


def test_openssh_says_permission_denied(
    alice: paramiko.SFTPClient, server: FrontEnd, bucket: str, here: Path
) -> None:
    """`alice` is there for the user; the client is OpenSSH."""
    (here / "file").write_text("x")
    batch = f"pwd\nput file\nls\n-get ../bob/secret.txt\n-put file /{bucket}/home/bob/file\nrm file\n"
    result = sftp(server, batch, cwd=here, login=server.login("alice"))
    assert result.returncode == 0, result.stderr
    assert f"/{bucket}/home/alice" in result.stdout
    assert 'secret.txt" not found' in result.stderr  # its `get` begins with a stat, and says so of any error
    assert 'home/bob/file": Permission denied' in result.stderr
    assert not (here / "secret.txt").exists()
    until_logged(server, "Access denied", f"/{bucket}/home/bob/file")


def test_deny_mkdir(server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, s3: Any) -> None:
    deny = {
        "Sid": "DenyMkdir",
        "Effect": "Deny",
        "Action": ["s3:PutObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*/",
    }
    put_user(store, server, "dora", roles.make(policy(ALL_OF_S3), policy(deny)), home=f"/{bucket}/dora")
    with paramiko_sftp(server, server.login("dora")) as client:
        with client.open("in/a-folder-that-was-not-made", "w") as file:
            file.write("x")
        with pytest.raises(PermissionError):
            client.mkdir("folder")
        with pytest.raises(PermissionError):
            client.mkdir("in/folder")
    assert keys(s3, bucket, "dora/") == ["dora/in/a-folder-that-was-not-made"]


def test_upload_only(server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, s3: Any) -> None:
    allow = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    spared = [f"arn:aws:s3:::{bucket}/*/", f"arn:aws:s3:::{bucket}/*.filepart"]
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": spared}
    put_user(store, server, "una", roles.make(policy(allow, listing, deny)), home=f"/{bucket}/una")
    with paramiko_sftp(server, server.login("una")) as client:
        for name in ("in/file", "in/file.filepart"):
            with client.open(name, "w") as file:
                file.write("x")
        assert sorted(client.listdir("in")) == ["file", "file.filepart"]
        assert client.stat("in").st_mode is not None
        with client.open("in/file.filepart") as file:
            assert file.read() == b"x"
        assert_denied(
            lambda: client.open("in/file"),
            lambda: client.stat("in/file"),
            lambda: client.rename("in/file", "in/renamed"),
            lambda: client.remove("in/file"),
        )
    assert keys(s3, bucket, "una/") == ["una/in/file", "una/in/file.filepart"]


def test_a_role_that_does_not_exist_lets_in_and_denies(
    server: FrontEnd, store: TransferStore, bucket: str
) -> None:
    put_user(store, server, "norole", "arn:aws:iam::000000000000:role/nobody-made-this", home=f"/{bucket}")
    with paramiko_sftp(server, server.login("norole")) as client:
        assert client.normalize(".") == f"/{bucket}"
        with pytest.raises(PermissionError):
            client.listdir(".")
    until_logged(server, "Unable to AssumeRole for user: the role nobody-made-this does not exist")


def test_a_session_policy_that_is_no_policy_lets_in_and_denies(
    server: FrontEnd, store: TransferStore, roles: Roles, bucket: str
) -> None:
    put_user(
        store,
        server,
        "odd",
        roles.make(policy(ALL_OF_S3)),
        home=f"/{bucket}",
        session_policy='{"Statement":{}}',
    )
    with paramiko_sftp(server, server.login("odd")) as client, pytest.raises(PermissionError):
        client.listdir(".")
    until_logged(server, "Unable to AssumeRole for user: the session policy is not valid")


def test_a_change_in_iam_reaches_a_session_that_is_open(
    server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, s3: Any
) -> None:
    role_arn = roles.make(policy(ALL_OF_S3))
    put_user(store, server, "eve", role_arn, home=f"/{bucket}/eve")
    s3.put_object(Bucket=bucket, Key="eve/file", Body=b"x")
    with paramiko_sftp(server, server.login("eve")) as client:
        assert client.listdir() == ["file"]
        roles.iam.delete_role_policy(RoleName=role_arn.rpartition("/")[2], PolicyName="inline-0")
        until_denied(client)


def until_denied(client: paramiko.SFTPClient) -> None:
    def is_denied() -> bool:
        try:
            client.listdir()
        except PermissionError:
            return True
        return False

    until("the role's lost policy is noticed", is_denied)


def test_a_bucket_policy_denies(
    server: FrontEnd, store: TransferStore, roles: Roles, s3: Any, bucket: str
) -> None:
    guarded = f"{bucket}-guarded"
    s3.create_bucket(Bucket=guarded)
    s3.put_object(Bucket=guarded, Key="in/file", Body=b"x")
    s3.put_object(Bucket=guarded, Key="in/secret", Body=b"x")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{guarded}/in/secret",
    }
    s3.put_bucket_policy(Bucket=guarded, Policy=json.dumps(policy(deny)))
    put_user(store, server, "gus", roles.make(policy(ALL_OF_S3)), home=f"/{guarded}/in")
    with paramiko_sftp(server, server.login("gus")) as client:
        assert client.open("file").read() == b"x"
        with pytest.raises(PermissionError):
            client.open("secret")


def test_a_logical_home_with_a_session_policy(
    server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, s3: Any
) -> None:
    """Virtual parents, a FILE entry, the variable in `Target`, and a policy on the user's name."""
    s3.put_object(Bucket=bucket, Key="lola/in/file", Body=b"own")
    s3.put_object(Bucket=bucket, Key="shared/terms.txt", Body=b"terms")
    mappings = (
        MapEntry(Entry="/data/in", Target=f"/{bucket}/${{transfer:UserName}}/in"),
        MapEntry(Entry="/terms.txt", Target=f"/{bucket}/shared/terms.txt", Type="FILE"),
        MapEntry(Entry="/bob", Target=f"/{bucket}/home/bob"),
    )
    own = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}/${{transfer:UserName}}/*"],
    }
    terms = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/shared/terms.txt",
    }
    listing = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {
            "StringLike": {"s3:prefix": "${transfer:UserName}/*"},
            "StringEquals": {"s3:delimiter": "/"},
        },
    }
    put_user(
        store,
        server,
        "lola",
        roles.make(policy(ALL_OF_S3)),
        home="/data",
        mappings=mappings,
        session_policy=policy(own, terms, listing),
    )
    s3.put_object(Bucket=bucket, Key="lola/in/", Body=b"")
    with paramiko_sftp(server, server.login("lola")) as client:
        assert client.normalize(".") == "/data"
        assert client.listdir() == ["in"]
        assert client.listdir("in") == ["file"]
        assert client.listdir("/") == ["bob", "data", "terms.txt"]
        assert client.open("/terms.txt").read() == b"terms"
        assert client.stat("../terms.txt").st_size == 5
        with pytest.raises(FileNotFoundError):
            client.open("/file", "w")
        with pytest.raises(FileNotFoundError):
            client.stat("/terms.txt/file")
        assert_denied(
            lambda: client.listdir("/bob"),
            lambda: client.open("/bob/secret.txt"),
            lambda: client.open("/terms.txt", "w"),
        )


ODD_NAMES = (
    "%2e%2e",
    "%2e%2e%2fbob",
    "%252e%252e",
    "..\\bob",
    "..;",
    ".. ",
    "...",
    "\uff0e\uff0e",
    "\u2025",
    "..\u2215bob",
    ".\u200b.",
    "${transfer:UserName}",
    "*",
    "a?b",
    "a+b c",
    "~root",
)


def test_names_that_look_like_ways_out_are_names(
    server: FrontEnd, store: TransferStore, roles: Roles, bucket: str, s3: Any
) -> None:
    """From the client to the bucket, through every library between: nothing decodes or folds a name."""
    mappings = (MapEntry(Entry="/", Target=f"/{bucket}/tricks/${{transfer:UserName}}"),)
    own = f"arn:aws:s3:::{bucket}/tricks/${{transfer:UserName}}/*"
    scope = policy({"Effect": "Allow", "Action": "s3:*", "Resource": [own, f"arn:aws:s3:::{bucket}"]})
    role_arn = roles.make(policy(ALL_OF_S3))
    s3.put_object(Bucket=bucket, Key="tricks/trixie/", Body=b"")
    put_user(store, server, "trixie", role_arn, home="/", mappings=mappings, session_policy=scope)
    with paramiko_sftp(server, server.login("trixie")) as client:
        for name in ODD_NAMES:
            with client.open(f"../{name}/../../{name}/file", "w") as file:
                file.write(name)
        assert sorted(client.listdir("/")) == sorted(ODD_NAMES)
        for name in ODD_NAMES:
            assert client.open(f"/{name}/file").read() == name.encode()
    stored = [f"tricks/trixie/{name}/file" for name in ODD_NAMES]
    assert keys(s3, bucket, "tricks/") == sorted(["tricks/trixie/", *stored], key=str.encode)
