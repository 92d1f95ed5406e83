"""What we rely on inside asyncssh: these fail when a new version has changed it."""

from __future__ import annotations

import inspect

import asyncssh
import pytest
from asyncssh import constants, sftp
from asyncssh.connection import SSHConnection

from harness.sftp.asyncssh_details import host_keys_signing_with
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.protocol import TransferHandler
from harness.sftp.security_policies import SECURITY_POLICIES, offered
from harness.transfer.policies import SecurityPolicy

pytestmark = pytest.mark.unit


def test_no_extension_is_advertised() -> None:
    assert TransferHandler._extensions == []
    assert sftp.SFTPServerHandler._extensions, "asyncssh no longer keeps its extensions here"


def test_only_version_3_requests_are_served() -> None:
    assert set(TransferHandler._packet_handlers) == set(range(constants.FXP_OPEN, constants.FXP_SYMLINK + 1))


def test_our_open_and_opendir_are_the_ones_that_are_called() -> None:
    handlers = TransferHandler._packet_handlers
    assert handlers[constants.FXP_OPEN] is TransferHandler._process_open
    assert handlers[constants.FXP_OPENDIR] is TransferHandler._process_opendir
    assert inspect.iscoroutinefunction(sftp.SFTPServerHandler._cleanup)


def test_nothing_can_reach_the_local_disk() -> None:
    assert not issubclass(S3Filesystem, asyncssh.SFTPServer)


@pytest.mark.parametrize(
    "method",
    [
        *("open", "close", "read", "write", "lstat", "stat", "fstat", "setstat", "fsetstat", "opendir"),
        *("remove", "mkdir", "rmdir", "realpath", "rename", "readlink", "symlink", "exit"),
    ],
)
def test_every_call_of_the_protocol_layer_is_answered(method: str) -> None:
    assert callable(getattr(S3Filesystem, method))


def test_the_key_exchange_can_be_noted() -> None:
    assert list(inspect.signature(SSHConnection._choose_alg).parameters) == [
        "self",
        "alg_type",
        "local_algs",
        "remote_algs",
    ]
    assert "_next_service" in inspect.getsource(SSHConnection._process_service_request)


@pytest.mark.parametrize("name", SECURITY_POLICIES)
def test_what_a_policy_lacks_here_leaves_enough_of_it(name: str) -> None:
    policy = SECURITY_POLICIES[name]
    assert policy.ciphers
    assert policy.kexs
    assert policy.macs
    assert all(alg.startswith(("umac-", "mlkem")) for alg in policy.missing), "these need other libraries"


def test_an_algorithm_that_asyncssh_lacks_is_left_out_and_told() -> None:
    wanted = SecurityPolicy(("c1", "c2"), ("k1",), ("m1", "m2"))
    found = offered(wanted, {b"c2"}, {b"k1"}, {b"m1", b"m2", b"m3"})
    assert (found.ciphers, found.kexs, found.macs) == (("c2",), ("k1",), ("m1", "m2"))
    assert found.missing == ("c1",)


def test_a_host_key_is_offered_with_the_signatures_of_the_policy() -> None:
    keys = [
        asyncssh.generate_private_key("ssh-rsa", key_size=2048),
        asyncssh.generate_private_key("ssh-ed25519"),
    ]
    pairs = host_keys_signing_with(keys, SECURITY_POLICIES["TransferSecurityPolicy-2024-01"].signatures)
    assert [pair.host_key_algorithms for pair in pairs] == [
        [b"rsa-sha2-256", b"rsa-sha2-512"],
        [b"ssh-ed25519"],
    ]
    old = host_keys_signing_with(keys, SECURITY_POLICIES["TransferSecurityPolicy-2018-11"].signatures)
    assert b"ssh-rsa" in old[0].host_key_algorithms
