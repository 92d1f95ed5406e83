"""Programs of the machine that something is done with: by users, and by this repository's own tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.doctor.finding import Finding, note, ok

FOR_USERS: Mapping[str, tuple[str, str]] = {
    "sftp": ("openssh-client", "to put files by hand"),
    "git": ("git", "so that reports name the commit"),
}
"""Program to Debian package, and what for."""
FOR_TESTS: Mapping[str, str] = {
    "sftp": "openssh-client",
    "lftp": "lftp",
    "rclone": "rclone",
    "curl": "curl",
    "sshfs": "sshfs",
    "slapd": "slapd",
    "ldapadd": "ldap-utils",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "prometheus": "prometheus",
}
"""Program to Debian package: what `.ci/run` installs, besides make and Docker."""
_MORE_FOLDERS = "/usr/sbin:/sbin"
_REPOSITORY = Path(__file__).parents[3]

Find = Callable[[str], str | None]


def _which(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=_MORE_FOLDERS)


def for_users(find: Find = _which) -> Iterator[Finding]:
    """Look for what users call beside Floodgate; nothing of ours needs it."""
    for program, (package, purpose) in FOR_USERS.items():
        where = find(program)
        if where:
            yield ok(f"programs.{program}", f"{program} at {where}", path=where)
        else:
            yield note(f"programs.{program}", f"no {program} ({purpose})", fix=f"apt install {package}")


def for_tests(find: Find = _which, repository: Path = _REPOSITORY) -> Iterator[Finding]:
    """Look for what the tests drive. An installed Floodgate has no tests, so there it says nothing."""
    if not (repository / "tests" / "conftest.py").exists():
        return
    missing = [program for program in FOR_TESTS if not find(program)]
    if missing:
        packages = " ".join(sorted({FOR_TESTS[program] for program in missing}))
        yield note(
            "programs.tests",
            f"tests that need {', '.join(missing)} are skipped here",
            fix=f"apt install --no-install-recommends {packages}",
            missing=missing,
        )
    else:
        yield ok("programs.tests", "all programs that the tests drive are there", missing=[])
