"""Paths as filesystem operations need them, and what logs call them."""

from __future__ import annotations

from dataclasses import dataclass

from asyncssh import FXF_APPEND, FXF_CREAT, FXF_EXCL, FXF_READ, FXF_TRUNC, FXF_WRITE, SFTPNoSuchFile

from harness.sftp.directories import BadPathError, Location, Mapped, UnmappedPathError, Virtual


@dataclass(frozen=True)
class Nowhere:
    """A path that leads to no place; what is asked of it is reported all the same."""

    path: str
    error: BadPathError | UnmappedPathError


def existing(place: Location | Nowhere) -> Location:
    if isinstance(place, Nowhere):
        raise place.error
    return place


def writable(place: Location | Nowhere) -> Mapped:
    """Unmapped parents are read-only, and AWS answers a write there with "No such file or directory"."""
    if isinstance(place, Virtual):
        raise SFTPNoSuchFile("No such file or directory")
    found = existing(place)
    assert isinstance(found, Mapped)
    return found


def real_path(place: Location | Nowhere) -> str:
    return place.real_path if isinstance(place, Mapped) else place.path


def mode_names(flags: int) -> str:
    """`CREATE|TRUNCATE|WRITE` and the like, as in Transfer's OPEN lines."""
    names = {
        FXF_CREAT: "CREATE",
        FXF_TRUNC: "TRUNCATE",
        FXF_EXCL: "EXCL",
        FXF_APPEND: "APPEND",
        FXF_READ: "READ",
        FXF_WRITE: "WRITE",
    }
    return "|".join(name for flag, name in names.items() if flags & flag)
