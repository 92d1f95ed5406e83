"""OpenLDAP's real server, with a handful of entries, on a port of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from tests.missing import skip_unless_ci

DEADLINE_S = 20.0
BASE = "dc=example,dc=com"
PEOPLE = f"ou=people,{BASE}"
GROUP = f"cn=transfer,ou=groups,{BASE}"
READER = f"cn=reader,{BASE}"
READER_PASSWORD = "reads entries"

_CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY
  MUST ( sshPublicKey $ uid ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
suffix "{base}"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by users read by * none
"""


def entries(key_line: str) -> str:
    """Return alice (in the group, with a key), bob (in it, without a key), and mallory (not in it)."""
    return f"""
dn: {BASE}
objectClass: organization
objectClass: dcObject
dc: example
o: Example

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {READER_PASSWORD}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=alice,{PEOPLE}
objectClass: inetOrgPerson
objectClass: ldapPublicKey
uid: alice
cn: Alice
sn: Example
userPassword: alice's own
sshPublicKey: {key_line}

dn: uid=bob,{PEOPLE}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: Example
userPassword: bob's own

dn: uid=mallory,{PEOPLE}
objectClass: inetOrgPerson
objectClass: ldapPublicKey
uid: mallory
cn: Mallory
sn: Example
userPassword: mallory's own
sshPublicKey: {key_line}

dn: {GROUP}
objectClass: groupOfNames
cn: transfer
member: uid=alice,{PEOPLE}
member: uid=bob,{PEOPLE}
"""


class Directory:
    """A running slapd.

    :param folder: its own; gets configuration and data
    """

    def __init__(self, folder: Path, ldif: str) -> None:
        slapd = shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/bin")
        if slapd is None or not Path("/etc/ldap/schema").is_dir():
            skip_unless_ci("OpenLDAP's server is not installed: apt-get install slapd ldap-utils")
        self._slapd = slapd
        self._folder = folder
        (folder / "db").mkdir()
        self._config = folder / "slapd.conf"
        self._config.write_text(_CONFIG.format(folder=folder, base=BASE, reader=READER))
        load = [slapd, "-T", "add", "-f", str(self._config)]
        subprocess.run(load, input=ldif, text=True, check=True, timeout=60, capture_output=True)

    def __enter__(self) -> Directory:
        deadline = time.monotonic() + DEADLINE_S
        self.url = f"ldap://127.0.0.1:{_free_port()}"
        self._process = subprocess.Popen(
            [self._slapd, "-f", str(self._config), "-h", f"{self.url}/", "-d", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self._answers():
            assert self._process.poll() is None, "slapd has ended"
            assert time.monotonic() < deadline, "slapd does not answer"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)

    def _answers(self) -> bool:
        host, _, port = self.url.removeprefix("ldap://").partition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True


def _free_port() -> int:
    """slapd takes 0 for its usual port, so a free one is looked for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
