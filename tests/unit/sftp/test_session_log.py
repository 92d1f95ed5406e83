"""Shapes against AWS's documented samples:
https://docs.aws.amazon.com/transfer/latest/userguide/cw-example-logs.html
"""

from __future__ import annotations

import pytest

from harness.sftp.session_log import Connected, Line, ServerLog, SessionLog

pytestmark = pytest.mark.unit

ARN = "arn:aws:transfer:us-east-1:500655546075:server/s-3fe215d89f074ed2a"
TAIL = {"resource-arn": ARN, "session-id": "9ca9a0e1cec6ad9d"}


class Lines(list[tuple[str, Line]]):
    def __call__(self, stream: str, line: Line) -> None:
        self.append((stream, line))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def log(lines: Lines) -> SessionLog:
    return SessionLog(ServerLog(lines, ARN), "log-me", "9ca9a0e1cec6ad9d")


def test_connected(log: SessionLog, lines: Lines) -> None:
    log.connected(
        Connected(
            role="arn:aws:iam::500655546075:role/transfer-s3",
            ciphers="aes128-ctr,aes128-ctr",
            client="SSH-2.0-OpenSSH_7.4",
            source_ip="52.94.133.133",
            public_key="AAAAC3Nza",
            public_key_fingerprint="SHA256:BY3gN",
            public_key_type="ssh-ed25519",
            user="log-me",
            kex="ecdh-sha2-nistp256",
        )
    )
    expected = {
        "role": "arn:aws:iam::500655546075:role/transfer-s3",
        "activity-type": "CONNECTED",
        "ciphers": "aes128-ctr,aes128-ctr",
        "client": "SSH-2.0-OpenSSH_7.4",
        "source-ip": "52.94.133.133",
        "resource-arn": ARN,
        "home-dir": "/",
        "ssh-public-key": "AAAAC3Nza",
        "ssh-public-key-fingerprint": "SHA256:BY3gN",
        "ssh-public-key-type": "ssh-ed25519",
        "user": "log-me",
        "kex": "ecdh-sha2-nistp256",
        "session-id": "9ca9a0e1cec6ad9d",
    }
    ((stream, line),) = lines
    assert stream == "log-me.9ca9a0e1cec6ad9d"
    assert list(line.items()) == list(expected.items())


def test_lines_of_a_session(log: SessionLog, lines: Lines) -> None:
    log.opened("/b/k", "CREATE|TRUNCATE|WRITE")
    log.closed("/b/k", bytes_in=121)
    log.closed("/b/k", bytes_out=0)
    log.partly_closed("/b/k", bytes_in=4096)
    log.changed("DELETE", "/b/k")
    log.renamed("/b/old", "/b/new")
    log.error("CLOSE", "/b/k", "Access denied", bytes_in=13)
    log.exit_reason("Connection lost")
    log.disconnected()
    assert [line for _, line in lines] == [
        {"mode": "CREATE|TRUNCATE|WRITE", "path": "/b/k", "activity-type": "OPEN", **TAIL},
        {"path": "/b/k", "activity-type": "CLOSE", "bytes-in": "121", **TAIL},
        {"path": "/b/k", "activity-type": "CLOSE", "bytes-out": "0", **TAIL},
        {"path": "/b/k", "activity-type": "PARTIAL_CLOSE", "bytes-in": "4096", **TAIL},
        {"path": "/b/k", "activity-type": "DELETE", **TAIL},
        {"path": "/b/old", "new-path": "/b/new", "activity-type": "RENAME", **TAIL},
        {
            "path": "/b/k",
            "operation": "CLOSE",
            "message": "Access denied",
            "activity-type": "ERROR",
            "bytes-in": "13",
            **TAIL,
        },
        {"message": "Connection lost", "activity-type": "EXIT_REASON", **TAIL},
        {"activity-type": "DISCONNECTED", **TAIL},
    ]


def test_failures_before_login_go_to_the_errors_stream(lines: Lines) -> None:
    log = ServerLog(lines, ARN)
    log.auth_failure(user="lhr", source_ip="3.8.172.211", method="publickey", message="RSA SHA256:Lfz3R2")
    log.kex_failure(source_ip="3.8.172.211", message="no matching host key type found", offered="ssh-dss")
    assert lines == [
        (
            "ERRORS",
            {
                "method": "publickey",
                "activity-type": "AUTH_FAILURE",
                "source-ip": "3.8.172.211",
                "resource-arn": ARN,
                "message": "RSA SHA256:Lfz3R2",
                "user": "lhr",
            },
        ),
        (
            "ERRORS",
            {
                "activity-type": "KEX_FAILURE",
                "source-ip": "3.8.172.211",
                "resource-arn": ARN,
                "message": "no matching host key type found",
                "kex": "ssh-dss",
            },
        ),
    ]
