"""Every operation: what it asks permission for, what it answers, and what the log says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncssh import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_READ,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
    SFTPError,
    SFTPFailure,
    SFTPNoSuchFile,
    SFTPOpUnsupported,
    SFTPPermissionDenied,
)

from harness.sftp.authorisation import AccessDeniedError, Authorisation
from harness.sftp.filesystem import S3Filesystem
from harness.sftp.identity import Mapping, User
from tests.unit.sftp.memory_storage import MemoryStorage
from tests.unit.sftp.rig import SERVER_ID, Rig

pytestmark = pytest.mark.unit

NONE = SFTPAttrs()
PUT = FXF_WRITE | FXF_CREAT | FXF_TRUNC
GET_, PUT_, DELETE, LIST = "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"

Operation = Callable[[S3Filesystem], Coroutine[Any, Any, Any]]


class AllBut:
    """Notes every question, and denies some."""

    def __init__(self, *denied: tuple[str, str]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._denied = denied

    def for_session(self, user: User, *, session_id: str, source_ip: str) -> Authorisation:
        return self

    async def require(
        self, action: str, bucket: str, key: str, *, prefix: str | None = None, delimiter: str | None = None
    ) -> None:
        assert bucket == "bucket"
        if action == LIST:
            assert (key, delimiter) == ("", "/")
        question = (action, key or prefix or "")
        self.asked.append(question)
        if question in self._denied:
            raise AccessDeniedError


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def make(**settings: Any) -> Rig:
        rigs.append(Rig(tmp_path, **settings))
        rigs[-1].storage.objects = {
            "alice/file": b"content",
            "alice/other": b"other",
            "alice/folder/": b"",
            "alice/empty/": b"",
            "alice/folder/inside": b"in",
        }
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    return make_rig()


def _do(rig: Rig, operation: Operation, user: User | None = None) -> Any:
    async def do() -> Any:
        result = await operation(rig.filesystem(user) if user else rig.filesystem())
        await rig.finish()
        return result

    return asyncio.run(do())


async def _names(filesystem: S3Filesystem, path: bytes) -> list[str]:
    return [bytes(name.filename).decode() async for name in await filesystem.opendir(path)]  # type: ignore[arg-type]


async def _upload(filesystem: S3Filesystem, path: bytes, flags: int = PUT, data: bytes = b"new") -> None:
    file = await filesystem.open(path, flags, NONE)
    await filesystem.write(file, 0, data)
    await filesystem.close(file)


async def _download(filesystem: S3Filesystem, path: bytes) -> bytes:
    file = await filesystem.open(path, FXF_READ, NONE)
    data = await filesystem.read(file, 0, 1000)
    await filesystem.close(file)
    return data


async def _answer(value: Any) -> Any:
    return value


WHAT_IS_ASKED: dict[str, tuple[Operation, list[tuple[str, str]]]] = {
    "opendir": (lambda fs: _names(fs, b"/folder"), [(LIST, "alice/folder/")]),
    "stat of a file": (lambda fs: fs.stat(b"/file"), [(GET_, "alice/file")]),
    "stat of a folder": (
        lambda fs: fs.stat(b"/folder"),
        [(GET_, "alice/folder"), (LIST, "alice/folder/")],
    ),
    "get": (lambda fs: _download(fs, b"/file"), [(GET_, "alice/file")]),
    "put": (lambda fs: _upload(fs, b"/new"), [(PUT_, "alice/new")]),
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
    _do(make_rig(authoriser=allowed), operation)
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
        _do(rig, WHAT_IS_ASKED[name][0])
    assert rig.storage.objects == before
    assert rig.services.open_uploads == set()


def test_a_folder_that_may_be_listed_but_not_got_is_a_folder(make_rig: Callable[..., Rig]) -> None:
    """As with AWS's own session policy, which begins at `home/*`."""
    rig = make_rig(authoriser=AllBut((GET_, "alice/folder"), (GET_, "alice/gone")))
    assert (_do(rig, lambda fs: fs.stat(b"/folder")).permissions or 0) & 0o040000
    with pytest.raises(SFTPPermissionDenied):
        _do(rig, lambda fs: fs.stat(b"/gone"))


def test_the_session_log_tells_denials(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut((DELETE, "alice/file")))
    with pytest.raises(SFTPPermissionDenied):
        _do(rig, lambda fs: fs.remove(b"/file"))
    assert rig.activities() == ["DELETE", "ERROR"]
    assert rig.lines[1]["message"] == "Access denied"


@pytest.mark.parametrize(
    ("operation", "activities", "subjects"),
    [
        (lambda fs: _upload(fs, b"/new"), ["OPEN", "CLOSE"], ["File Upload"]),
        (lambda fs: _download(fs, b"/file"), ["OPEN", "CLOSE"], ["File Download"]),
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
    _do(rig, operation)
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
        (lambda fs: _names(fs, b"/gone"), SFTPNoSuchFile, ["ERROR"]),
        (lambda fs: _names(fs, b"/file"), SFTPNoSuchFile, ["ERROR"]),
        (lambda fs: fs.stat(b"/gone"), SFTPNoSuchFile, []),
        (lambda fs: _download(fs, b"/gone"), SFTPNoSuchFile, ["OPEN", "ERROR"]),
        (lambda fs: _download(fs, b"/"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/" + b"x" * 1100), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/\xff"), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/new", PUT | FXF_APPEND), SFTPOpUnsupported, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/file", FXF_WRITE | FXF_READ), SFTPOpUnsupported, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/gone", FXF_WRITE), SFTPNoSuchFile, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/file", PUT | FXF_EXCL), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _upload(fs, b"/file", FXF_WRITE), SFTPFailure, ["OPEN", "ERROR"]),
        (lambda fs: _answer(fs.setstat(b"/file", NONE)), SFTPOpUnsupported, ["SETSTAT"]),
        (lambda fs: _answer(fs.readlink(b"/file")), SFTPOpUnsupported, []),
        (lambda fs: _answer(fs.symlink(b"/file", b"/link")), SFTPOpUnsupported, ["ERROR"]),
    ],
)
def test_what_is_refused_is_recorded(
    rig: Rig, operation: Operation, error: type[SFTPError], activities: list[str]
) -> None:
    before = dict(rig.storage.objects)
    with pytest.raises(error):
        _do(rig, operation)
    assert rig.storage.objects == before
    assert rig.activities() == activities
    assert all(told.failure is not None for told in rig.happenings)


def test_a_whole_rewrite_without_trunc_is_taken(rig: Rig) -> None:
    _do(rig, lambda fs: _upload(fs, b"/file", FXF_WRITE, b"longer content"))
    assert rig.storage.objects["alice/file"] == b"longer content"


@pytest.mark.parametrize("kind", ["setstat", "fsetstat"])
def test_setstat_may_be_hidden_but_not_a_new_size(make_rig: Callable[..., Rig], kind: str) -> None:
    rig = make_rig(set_stat_option="ENABLE_NO_OP")

    async def change(filesystem: S3Filesystem, attrs: SFTPAttrs) -> None:
        if kind == "setstat":
            filesystem.setstat(b"/file", attrs)
        else:
            filesystem.fsetstat(await filesystem.open(b"/file", FXF_READ, NONE), attrs)

    _do(rig, lambda fs: change(fs, SFTPAttrs(permissions=0o600, atime=1, mtime=1, uid=1, gid=1)))
    with pytest.raises(SFTPOpUnsupported):
        _do(rig, lambda fs: change(fs, SFTPAttrs(size=0)))
    assert rig.activities().count("SETSTAT") == 2


@pytest.mark.parametrize("size", [3, 30])
def test_objects_have_the_metadata_of_transfer(rig: Rig, size: int) -> None:
    _do(rig, lambda fs: _upload(fs, b"/new", data=bytes(size)))
    _do(rig, lambda fs: fs.mkdir(b"/made", NONE))
    expected = {"user-agent": "AWSTransfer", "user-agent-id": f"alice@{SERVER_ID}"}
    assert rig.storage.metadata == {"alice/new": expected, "alice/made/": expected}


# Homes

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
    assert _do(rig, lambda fs: _names(fs, b"/"), MAPPED) == ["in"]
    assert _do(rig, lambda fs: _names(fs, b"/in"), MAPPED) == ["inbox", "price-list"]
    assert _do(rig, lambda fs: _names(fs, b"/in/inbox"), MAPPED) == ["a"]
    for refused in (
        lambda fs: _upload(fs, b"/new"),
        lambda fs: _upload(fs, b"/in/new"),
        lambda fs: fs.mkdir(b"/in/new", NONE),
        lambda fs: fs.rename(b"/in/inbox/a", b"/in/a"),
        lambda fs: fs.remove(b"/in"),
        lambda fs: fs.rmdir(b"/in"),
    ):
        with pytest.raises(SFTPNoSuchFile):
            _do(rig, refused, MAPPED)


def test_a_mapped_file_is_one_object(make_rig: Callable[..., Rig]) -> None:
    rig = _mapped(make_rig)
    assert _do(rig, lambda fs: fs.stat(b"/in/price-list"), MAPPED).size == 3
    assert _do(rig, lambda fs: _download(fs, b"/in/price-list"), MAPPED) == b"1;2"
    with pytest.raises(SFTPFailure, match="Not a directory"):
        _do(rig, lambda fs: _names(fs, b"/in/price-list"), MAPPED)
    with pytest.raises(SFTPNoSuchFile):
        _do(rig, lambda fs: fs.stat(b"/in/price-list/below"), MAPPED)
    with pytest.raises(SFTPNoSuchFile):
        _do(rig, lambda fs: fs.stat(b"/in/gone"), MAPPED)
    _do(rig, lambda fs: _upload(fs, b"/in/gone"), MAPPED)
    assert rig.storage.objects["shared/gone.csv"] == b"new"


PATH_USER = User("carol", "role", home_directory_type="PATH", home_directory="/bucket/carol")


def test_a_path_home_shows_real_paths_and_can_be_left(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut())

    async def look(filesystem: S3Filesystem) -> None:
        assert filesystem.realpath(b".") == b"/bucket/carol"
        await _upload(filesystem, b"report")
        assert await _names(filesystem, b"/bucket/carol") == ["report"]
        assert await _names(filesystem, b"..") == ["alice", "carol"]
        assert (await filesystem.stat(b"/bucket")).permissions
        with pytest.raises(SFTPPermissionDenied):
            await filesystem.opendir(b"/")
        with pytest.raises(SFTPFailure):
            await filesystem.mkdir(b"/bucket", NONE)

    rig.storage.objects = {"alice/file": b"1"}
    _do(rig, look, PATH_USER)
    assert rig.storage.objects["carol/report"] == b"new"
    assert rig.lines[0]["path"] == "/bucket/carol/report"


# Listings without optimisation


def test_without_optimisation_each_folder_costs_a_question(make_rig: Callable[..., Rig]) -> None:
    authoriser = AllBut()
    rig = make_rig(authoriser=authoriser, directory_listing_optimization="DISABLED")
    rig.storage.objects["alice/"] = b""
    rig.storage.objects["alice/implied/x"] = b""
    assert set(_do(rig, lambda fs: _names(fs, b"/"))) == {"file", "other", "folder", "empty", "implied"}
    assert authoriser.asked == [
        (LIST, "alice/"),
        *((GET_, f"alice/{name}/") for name in ("empty", "folder", "implied")),
    ]


def test_without_optimisation_markers_must_be_readable(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(authoriser=AllBut((GET_, "alice/folder/")), directory_listing_optimization="DISABLED")
    rig.storage.objects["alice/"] = b""
    with pytest.raises(SFTPPermissionDenied):
        _do(rig, lambda fs: _names(fs, b"/"))


@pytest.mark.parametrize("setting", ["ENABLED", "DISABLED"])
def test_a_mapped_root_without_a_marker(make_rig: Callable[..., Rig], setting: str) -> None:
    rig = make_rig(directory_listing_optimization=setting)
    if setting == "ENABLED":
        rig.storage.objects = {}
        assert _do(rig, lambda fs: _names(fs, b"/")) == []
    else:
        with pytest.raises(SFTPNoSuchFile):
            _do(rig, lambda fs: _names(fs, b"/"))


class CopyIsSlow(MemoryStorage):
    async def copy(self, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return await super().copy(*arguments)


def test_rename_tells_the_journal_before_the_old_key_goes(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(storage=CopyIsSlow())
    _do(rig, lambda fs: fs.rename(b"/file", b"/new"))
    (line,) = rig.journal()
    assert (line["event"], line["from_key"], line["key"]) == ("renamed", "alice/file", "alice/new")
    assert "alice/file" not in rig.storage.objects
