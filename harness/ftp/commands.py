"""The commands that Transfer Family has for FTP and FTPS; every other one is "not understood", APPE, REST,
PORT and EPRT among them.

https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html
"""

from __future__ import annotations

from typing import Any

from pyftpdlib.handlers import TLS_FTPHandler

OF_TLS = frozenset({"AUTH", "PBSZ", "PROT"})
AVAILABLE = OF_TLS | frozenset(
    (
        *("ABOR", "CDUP", "CWD", "DELE", "EPSV", "FEAT", "LANG", "LIST", "MDTM", "MFMT", "MKD"),
        *("MLSD", "MLST", "MODE", "NLST", "NOOP", "OPTS", "PASS", "PASV", "PWD", "QUIT", "RETR"),
        *("RMD", "RNFR", "RNTO", "SIZE", "STAT", "STOR", "STOU", "STRU", "SYST", "TYPE", "USER"),
    )
)
OF_TRANSFERS = frozenset({"LIST", "MLSD", "NLST", "RETR", "STOR", "STOU"})
"""Use the data connection."""
_LANG = {"perm": None, "auth": False, "arg": None, "help": "Syntax: LANG [<SP> tag] (language of replies)."}

_ALL: dict[str, dict[str, Any]] = {**TLS_FTPHandler.proto_cmds, "LANG": _LANG}
WITH_TLS = {name: _ALL[name] for name in sorted(AVAILABLE)}
WITHOUT_TLS = {name: _ALL[name] for name in sorted(AVAILABLE - OF_TLS)}
