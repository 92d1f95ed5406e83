"""The text lines that AWS documents:
https://docs.aws.amazon.com/transfer/latest/userguide/cw-structure-logs.html#legacy-log-entries
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.sftp.records.legacy import text_of
from harness.sftp.session_log import Connected, ServerLog, SessionLog

pytestmark = pytest.mark.unit

SESSION = "lhr.33a8fb495ffb383b"


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def server(lines: list[str]) -> ServerLog:
    return ServerLog(lambda stream, line: lines.append(text_of(stream, line)), "arn")


@pytest.fixture
def log(server: ServerLog) -> SessionLog:
    return SessionLog(server, "lhr", "33a8fb495ffb383b")


CASES: list[tuple[Callable[[SessionLog], None], str]] = [
    (lambda log: log.opened("/b/u/1.jpg", "READ"), f"{SESSION} OPEN Path=/b/u/1.jpg Mode=READ"),
    (
        lambda log: log.opened("/b/u/1.jpg", "CREATE|TRUNCATE|WRITE"),
        f"{SESSION} OPEN Path=/b/u/1.jpg Mode=CREATE|TRUNCATE|WRITE",
    ),
    (lambda log: log.closed("/b/k", bytes_out=3618546), f"{SESSION} CLOSE Path=/b/k BytesOut=3618546"),
    (lambda log: log.partly_closed("/b/k", bytes_in=4), f"{SESSION} PARTIAL_CLOSE Path=/b/k BytesIn=4"),
    (lambda log: log.renamed("/b/o", "/b/n"), f"{SESSION} RENAME Path=/b/o NewPath=/b/n"),
    (lambda log: log.changed("DELETE", "/b/k"), f"{SESSION} DELETE Path=/b/k"),
    (lambda log: log.changed("MKDIR", "/b/d"), f"{SESSION} MKDIR Path=/b/d"),
    (lambda log: log.changed("RMDIR", "/b/d"), f"{SESSION} RMDIR Path=/b/d"),
    (lambda log: log.changed("SETSTAT", "/b/k"), f"{SESSION} SETSTAT Path=/b/k"),
    (
        lambda log: log.error("CLOSE", "/b/k", "Access denied", bytes_in=13),
        f'{SESSION} ERROR Message="Access denied" Operation=CLOSE Path=/b/k BytesIn=13',
    ),
    (lambda log: log.exit_reason("lost"), f'{SESSION} EXIT_REASON Message="lost"'),
    (lambda log: log.disconnected(), f"{SESSION} DISCONNECTED"),
]


@pytest.mark.parametrize(("report", "text"), CASES)
def test_lines_of_a_session(
    log: SessionLog, lines: list[str], report: Callable[[SessionLog], None], text: str
) -> None:
    report(log)
    assert lines == [text]


def test_a_login_that_failed(server: ServerLog, lines: list[str]) -> None:
    server.auth_failure(user="lhr", source_ip="3.8.172.211", method="publickey", message="RSA SHA256:Lfz3R2")
    assert lines == [
        'ERRORS AUTH_FAILURE Method=publickey User=lhr Message="RSA SHA256:Lfz3R2" SourceIP=3.8.172.211'
    ]


@pytest.mark.parametrize(("home", "shown"), [("/", "LOGICAL"), ("/bucket/lhr", "/bucket/lhr")])
def test_connected(log: SessionLog, lines: list[str], home: str, shown: str) -> None:
    log.connected(
        Connected(
            role="arn:aws:iam::1:role/r",
            ciphers="aes128-ctr,aes128-ctr",
            client="SSH-2.0-OpenSSH_7.4",
            source_ip="1.2.3.4",
            public_key="AAAA",
            public_key_fingerprint="SHA256:x",
            public_key_type="ssh-ed25519",
            user="lhr",
            kex="curve25519-sha256",
            home_dir=home,
            user_policy='{"Version": "2012-10-17"}',
        )
    )
    assert lines == [
        f"{SESSION} CONNECTED SourceIP=1.2.3.4 User=lhr HomeDir={shown} Client=SSH-2.0-OpenSSH_7.4"
        ' Role=arn:aws:iam::1:role/r UserPolicy="{\\"Version\\": \\"2012-10-17\\"}" Kex=curve25519-sha256'
        " Ciphers=aes128-ctr,aes128-ctr"
    ]
