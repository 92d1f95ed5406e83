"""Load generation: what a scenario file imports.

    from harness.load import SftpUser, Workload

Importing Locust patches the whole process for gevent, which only the load process may do. So `SftpUser` is
the real Locust user where Locust has been loaded already, and a plain stand-in everywhere else: the command
line can read a scenario's `WORKLOAD` without ever touching gevent.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from harness.load.sizes import KIB, MIB, SMALL_CSV, SizeClass
from harness.load.workload import Workload

if TYPE_CHECKING:
    from harness.load.sftp_user import SftpUser

__all__ = ["KIB", "MIB", "SMALL_CSV", "SftpUser", "SizeClass", "Workload"]


class ReadOnlyUser:
    """Stands in for `SftpUser` while a scenario is only read."""


def __getattr__(name: str) -> object:
    if name != "SftpUser":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if "locust" not in sys.modules:
        return ReadOnlyUser
    from harness.load.sftp_user import SftpUser

    return SftpUser
