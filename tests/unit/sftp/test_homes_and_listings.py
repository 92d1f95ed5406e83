"""What homes show of the bucket, and what listings cost without the listing optimisation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asyncssh import (
    SFTPFailure,
    SFTPNoSuchFile,
    SFTPPermissionDenied,
)

from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import Mapping, User
from tests.unit.sftp.operations import (
    GET_,
    LIST,
    NONE,
    AllBut,
    do,
    download,
    make_rig,
    names,
    rig,
    upload,
)
from tests.unit.sftp.rig import Rig

pytestmark = pytest.mark.unit

__all__ = ["make_rig", "rig"]


MAPPED = User(
    "bob",
    "role",
    home_directory_type="LOGICAL",
    mappings=(
        Mapping("/in/inbox", "bucket", "bob/in"),
        Mapping("/in/price-list", "bucket", "shared/prices.csv", "FILE"),
        Mapping("/in/gone", "bucket", "shared/gone.csv", "FILE"),
    ),
)


def _mapped(make_rig: Callable[..., Rig]) -> Rig:
    rig = make_rig()
    rig.storage.objects = {"shared/prices.csv": b"1;2", "shared/prices.csv/below": b"x", "bob/in/a": b"a"}
    return rig


def test_virtual_folders_are_listed_and_read_only(make_rig: Callable[..., Rig]) -> None:
    rig = _mapped(make_rig)
    assert do(rig, lambda fs: names(fs, b"/"), MAPPED) == ["in"]
    assert do(rig, lambda fs: names(fs, b"/in"), MAPPED) == ["inbox", "price-list"]
    assert do(rig, lambda fs: names(fs, b"/in/inbox"), MAPPED) == ["a"]
    for refused in (
        lambda fs: upload(fs, b"/new"),
        lambda fs: upload(fs, b"/in/new"),
        lambda fs: fs.mkdir(b"/in/new", NONE),
        lambda fs: fs.rename(b"/in/inbox/a", b"/in/a"),
        lambda fs: fs.remove(b"/in"),
        lambda fs: fs.rmdir(b"/in"),
    ):
        with pytest.raises(SFTPNoSuchFile):
            do(rig, refused, MAPPED)


def test_a_mapped_file_is_one_object(make_rig: Callable[..., Rig]) -> None:
    rig = _mapped(make_rig)
    assert do(rig, lambda fs: fs.stat(b"/in/price-list"), MAPPED).size == 3
    assert do(rig, lambda fs: download(fs, b"/in/price-list"), MAPPED) == b"1;2"
    with pytest.raises(SFTPFailure, match="Not a directory"):
        do(rig, lambda fs: names(fs, b"/in/price-list"), MAPPED)
    with pytest.raises(SFTPNoSuchFile):
        do(rig, lambda fs: fs.stat(b"/in/price-list/below"), MAPPED)
    with pytest.raises(SFTPNoSuchFile):
        do(rig, lambda fs: fs.stat(b"/in/gone"), MAPPED)
    do(rig, lambda fs: upload(fs, b"/in/gone"), MAPPED)
    assert rig.storage.objects["shared/gone.csv"] == b"new"


PATH_USER = User("carol", "role", home_directory_type="PATH", home_directory="/bucket/carol")


def test_a_path_home_shows_real_paths_and_can_be_left(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut())

    async def look(filesystem: S3Filesystem) -> None:
        assert filesystem.realpath(b".") == b"/bucket/carol"
        await upload(filesystem, b"report")
        assert await names(filesystem, b"/bucket/carol") == ["report"]
        assert await names(filesystem, b"..") == ["alice", "carol"]
        assert (await filesystem.stat(b"/bucket")).permissions
        with pytest.raises(SFTPPermissionDenied):
            await filesystem.opendir(b"/")
        with pytest.raises(SFTPFailure):
            await filesystem.mkdir(b"/bucket", NONE)

    rig.storage.objects = {"alice/file": b"1"}
    do(rig, look, PATH_USER)
    assert rig.storage.objects["carol/report"] == b"new"
    assert rig.lines[0]["path"] == "/bucket/carol/report"


# Listings without optimisation


def test_without_optimisation_each_folder_costs_a_question(make_rig: Callable[..., Rig]) -> None:
    authoriser = AllBut()
    rig = make_rig(authoriser=authoriser, directory_listing_optimization="DISABLED")
    rig.storage.objects["alice/"] = b""
    rig.storage.objects["alice/implied/x"] = b""
    assert set(do(rig, lambda fs: names(fs, b"/"))) == {"file", "other", "folder", "empty", "implied"}
    assert authoriser.asked == [
        (LIST, "alice/"),
        *((GET_, f"alice/{name}/") for name in ("empty", "folder", "implied")),
    ]


def test_without_optimisation_markers_must_be_readable(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut((GET_, "alice/folder/")), directory_listing_optimization="DISABLED")
    rig.storage.objects["alice/"] = b""
    with pytest.raises(SFTPPermissionDenied):
        do(rig, lambda fs: names(fs, b"/"))


@pytest.mark.parametrize("setting", ["ENABLED", "DISABLED"])
def test_a_mapped_root_without_a_marker(make_rig: Callable[..., Rig], setting: str) -> None:
    rig = make_rig(directory_listing_optimization=setting)
    if setting == "ENABLED":
        rig.storage.objects = {}
        assert do(rig, lambda fs: names(fs, b"/")) == []
    else:
        with pytest.raises(SFTPNoSuchFile):
            do(rig, lambda fs: names(fs, b"/"))
