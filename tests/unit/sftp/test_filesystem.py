"""Every operation: what it asks permission for, what it answers, and what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asyncssh import (
    FXF_APPEND,
    FXF_EXCL,
    FXF_READ,
    FXF_WRITE,
    SFTPAttrs,
    SFTPError,
    SFTPFailure,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
)

from harness.sftp.filesystem import S3Filesystem
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.operations import (
    DELETE,
    GET_,
    LIST,
    NONE,
    PUT,
    PUT_,
    AllBut,
    Operation,
    answer,
    do,
    download,
    make_rig,
    names,
    rig,
    upload,
)
from tests.unit.sftp.rig import SERVER_ID, Rig

pytestmark = pytest.mark.unit

__all__ = ["make_rig", "rig"]


WHAT_IS_ASKED: dict[str, tuple[Operation, list[tuple[str, str]]]] = {
    "opendir": (lambda fs: names(fs, b"/folder"), [(LIST, "alice/folder/")]),
    "stat of a file": (lambda fs: fs.stat(b"/file"), [(GET_, "alice/file")]),
    "stat of a folder": (
        lambda fs: fs.stat(b"/folder"),
        [(GET_, "alice/folder"), (LIST, "alice/folder/")],
    ),
    "get": (lambda fs: download(fs, b"/file"), [(GET_, "alice/file")]),
    "put": (lambda fs: upload(fs, b"/new"), [(PUT_, "alice/new")]),
    "rm": (lambda fs: fs.remove(b"/file"), [(DELETE, "alice/file")]),
    "rmdir": (lambda fs: fs.rmdir(b"/empty"), [(DELETE, "alice/empty/"), (LIST, "alice/empty/")]),
    "mkdir": (lambda fs: fs.mkdir(b"/made", NONE), [(PUT_, "alice/made/")]),
    "rename": (
        lambda fs: fs.rename(b"/file", b"/new"),
        [(GET_, "alice/file"), (DELETE, "alice/file"), (PUT_, "alice/new")],
    ),
}


WHAT_IS_ASKED_BESIDES = {
    "get": [(GET_, "alice/file")],
    "put": [(PUT_, "alice/new")],
    "mkdir": [(GET_, "alice/made"), (LIST, "alice/made/")],
    "rename": [(LIST, "alice/new/")],
}
"""Once more before bytes move, and what may be known of the target: a denial of that refuses nothing."""


@pytest.mark.parametrize("name", WHAT_IS_ASKED)
def test_what_is_asked_for(make_rig: Callable[..., Rig], name: str) -> None:
    operation, questions = WHAT_IS_ASKED[name]
    allowed = AllBut()
    do(make_rig(authoriser=allowed), operation)
    assert allowed.asked == questions + WHAT_IS_ASKED_BESIDES.get(name, [])


@pytest.mark.parametrize(
    ("name", "denied"),
    [
        (name, question)
        for name, (_, questions) in WHAT_IS_ASKED.items()
        for question in questions
        if (name, question[0]) != ("stat of a folder", GET_)
    ],
)
def test_each_denial_refuses_and_changes_nothing(
    make_rig: Callable[..., Rig], name: str, denied: tuple[str, str]
) -> None:
    rig = make_rig(authoriser=AllBut(denied))
    before = dict(rig.storage.objects)
    with pytest.raises(SFTPPermissionDenied):
        do(rig, WHAT_IS_ASKED[name][0])
    assert rig.storage.objects == before
    assert rig.services.open_uploads == set()


def test_a_folder_that_may_be_listed_but_not_got_is_a_folder(make_rig: Callable[..., Rig]) -> None:
    """As with AWS's own session policy, which begins at `home/*`."""
    rig = make_rig(authoriser=AllBut((GET_, "alice/folder"), (GET_, "alice/gone")))
    assert (do(rig, lambda fs: fs.stat(b"/folder")).permissions or 0) & 0o040000
    with pytest.raises(SFTPPermissionDenied):
        do(rig, lambda fs: fs.stat(b"/gone"))


def test_the_session_log_tells_denials(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut((DELETE, "alice/file")))
    with pytest.raises(SFTPPermissionDenied):
        do(rig, lambda fs: fs.remove(b"/file"))
    assert rig.activities() == ["DELETE", "ERROR"]
    assert rig.lines[1]["message"] == "Access denied"


@pytest.mark.parametrize(
    ("operation", "activities", "subjects"),
    [
        (lambda fs: upload(fs, b"/new"), ["OPEN", "CLOSE"], ["File Upload"]),
        (lambda fs: download(fs, b"/file"), ["OPEN", "CLOSE"], ["File Download"]),
        (lambda fs: fs.remove(b"/file"), ["DELETE"], ["File Delete"]),
        (lambda fs: fs.rename(b"/file", b"/new"), ["RENAME"], ["File Rename"]),
        (lambda fs: fs.mkdir(b"/made", NONE), ["MKDIR"], ["Directory Create"]),
        (lambda fs: fs.rmdir(b"/empty"), ["RMDIR"], ["Directory Delete"]),
    ],
    ids=["put", "get", "rm", "rename", "mkdir", "rmdir"],
)
def test_what_works_is_recorded(
    rig: Rig, operation: Operation, activities: list[str], subjects: list[str]
) -> None:
    do(rig, operation)
    assert rig.activities() == activities
    assert [told.subject for told in rig.happenings] == subjects
    assert [told.failure for told in rig.happenings] == [None]


@pytest.mark.parametrize(
    ("operation", "error", "activities"),
    [
        (lambda fs: fs.rename(b"/file", b"/other"), SFTPFailure, ["RENAME", "ERROR"]),
        (lambda fs: fs.rename(b"/file", b"/folder"), SFTPFailure, ["RENAME", "ERROR"]),
        (lambda fs: fs.rename(b"/folder", b"/moved"), SFTPFailure, ["RENAME", "ERROR"]),
        (lambda fs: fs.rename(b"/gone", b"/new"), SFTPNoSuchFile, ["RENAME", "ERROR"]),
        (lambda fs: fs.rename(b"/file", b"/"), SFTPFailure, ["RENAME", "ERROR"]),
        (lambda fs: fs.remove(b"/gone"), SFTPNoSuchFile, ["DELETE", "ERROR"]),
        (lambda fs: fs.remove(b"/folder"), SFTPFailure, ["DELETE", "ERROR"]),
        (lambda fs: fs.remove(b"/"), SFTPFailure, ["DELETE", "ERROR"]),
        (lambda fs: fs.mkdir(b"/folder", NONE), SFTPFailure, ["MKDIR", "ERROR"]),
        (lambda fs: fs.mkdir(b"/file", NONE), SFTPFailure, ["MKDIR", "ERROR"]),
        (lambda fs: fs.rmdir(b"/folder"), SFTPFailure, ["RMDIR", "ERROR"]),
        (lambda fs: fs.rmdir(b"/gone"), SFTPNoSuchFile, ["RMDIR", "ERROR"]),
        (lambda fs: fs.rmdir(b"/"), SFTPPermissionDenied, ["RMDIR", "ERROR"]),
        (lambda fs: names(fs, b"/gone"), SFTPNoSuchFile, ["ERROR"]),
        (lambda fs: names(fs, b"/file"), SFTPNoSuchFile, ["ERROR"]),
        (lambda fs: fs.stat(b"/gone"), SFTPNoSuchFile, []),
        (lambda fs: download(fs, b"/gone"), SFTPNoSuchFile, ["OPEN", "ERROR"]),
        (lambda fs: download(fs, b"/"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/" + b"x" * 1100), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/\xff"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/new", PUT | FXF_APPEND), SFTPOpUnsupported, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/file", FXF_WRITE | FXF_READ), SFTPOpUnsupported, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/gone", FXF_WRITE), SFTPNoSuchFile, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/file", PUT | FXF_EXCL), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: upload(fs, b"/file", FXF_WRITE), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: answer(fs.setstat(b"/file", NONE)), SFTPOpUnsupported, ["SETSTAT"]),
        (lambda fs: answer(fs.readlink(b"/file")), SFTPOpUnsupported, []),
        (lambda fs: answer(fs.symlink(b"/file", b"/link")), SFTPOpUnsupported, ["ERROR"]),
    ],
)
def test_what_is_refused_is_recorded(
    rig: Rig, operation: Operation, error: type[SFTPError], activities: list[str]
) -> None:
    before = dict(rig.storage.objects)
    with pytest.raises(error):
        do(rig, operation)
    assert rig.storage.objects == before
    assert rig.activities() == activities
    assert all(told.failure is not None for told in rig.happenings)


def test_a_whole_rewrite_without_trunc_is_taken(rig: Rig) -> None:
    do(rig, lambda fs: upload(fs, b"/file", FXF_WRITE, b"longer content"))
    assert rig.storage.objects["alice/file"] == b"longer content"


@pytest.mark.parametrize("kind", ["setstat", "fsetstat"])
def test_setstat_may_be_hidden_but_not_a_new_size(make_rig: Callable[..., Rig], kind: str) -> None:
    rig = make_rig(set_stat_option="ENABLE_NO_OP")

    async def change(filesystem: S3Filesystem, attrs: SFTPAttrs) -> None:
        if kind == "setstat":
            filesystem.setstat(b"/file", attrs)
        else:
            filesystem.fsetstat(await filesystem.open(b"/file", FXF_READ, NONE), attrs)

    do(rig, lambda fs: change(fs, SFTPAttrs(permissions=0o600, atime=1, mtime=1, uid=1, gid=1)))
    with pytest.raises(SFTPOpUnsupported):
        do(rig, lambda fs: change(fs, SFTPAttrs(size=0)))
    assert rig.activities().count("SETSTAT") == 2


@pytest.mark.parametrize("size", [3, 30])
def test_objects_have_the_metadata_of_transfer(rig: Rig, size: int) -> None:
    do(rig, lambda fs: upload(fs, b"/new", data=bytes(size)))
    do(rig, lambda fs: fs.mkdir(b"/made", NONE))
    expected = {"user-agent": "AWSTransfer", "user-agent-id": f"alice@{SERVER_ID}"}
    assert rig.storage.metadata == {"alice/new": expected, "alice/made/": expected}


class CopyIsSlow(MemoryStorage):
    async def copy(self, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return await super().copy(*arguments)


def test_rename_tells_the_journal_before_the_old_key_goes(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(storage=CopyIsSlow())
    do(rig, lambda fs: fs.rename(b"/file", b"/new"))
    (line,) = rig.journal()
    assert (line["event"], line["from_key"], line["key"]) == ("renamed", "alice/file", "alice/new")
    assert "alice/file" not in rig.storage.objects
