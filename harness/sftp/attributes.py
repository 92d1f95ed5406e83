"""SFTP attributes of S3 objects. S3 has sizes and times; owner and mode are made up, as Transfer Family
does.
"""

from __future__ import annotations

import stat
import time
from functools import lru_cache

from asyncssh import SFTPAttrs, SFTPName

_FILE_MODE = stat.S_IFREG | 0o644
_FOLDER_MODE = stat.S_IFDIR | 0o755
_HALF_YEAR_S = 182 * 86400


def of_file(size_bytes: int, modified_at: float) -> SFTPAttrs:
    return _attrs(_FILE_MODE, size_bytes, modified_at)


def of_folder(modified_at: float = 0.0) -> SFTPAttrs:
    return _attrs(_FOLDER_MODE, 0, modified_at)


def entry(name: str, attrs: SFTPAttrs, now: float) -> SFTPName:
    """One line of a listing. `longname` is what `ls -l` of old clients shows as it is."""
    modified_at = attrs.mtime or 0
    recent = now - _HALF_YEAR_S < modified_at <= now + 60
    mode = _mode_text(attrs.permissions or 0)
    longname = f"{mode}    1 -        - {attrs.size or 0:>16} {_when(int(modified_at) // 60, recent)} {name}"
    return SFTPName(name.encode(), longname.encode(), attrs)


@lru_cache(maxsize=1024)
def _when(minute: int, recent: bool) -> str:
    """Kept, because the entries of one listing are mostly from the same minutes."""
    return time.strftime("%b %e %H:%M" if recent else "%b %e  %Y", time.gmtime(minute * 60))


_mode_text = lru_cache(maxsize=8)(stat.filemode)


def _attrs(mode: int, size_bytes: int, modified_at: float) -> SFTPAttrs:
    seconds = int(modified_at)
    return SFTPAttrs(size=size_bytes, uid=0, gid=0, permissions=mode, atime=seconds, mtime=seconds)
