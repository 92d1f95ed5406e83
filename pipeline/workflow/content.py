"""Kinds of content by the first bytes.

A table of our own: the libraries for it are not kept (filetype), need a C library (python-magic), or know a
thousand formats and no CSV (puremagic). Here it matters to tell the handful of formats that are exchanged,
and to take text for what it is.
"""

from __future__ import annotations

import codecs

SNIFFED_BYTES = 4096
"""How much of the beginning is looked at."""

EMPTY = "application/x-empty"
CSV = "text/csv"
TEXT = "text/plain"
UNKNOWN = "application/octet-stream"

_BY_MAGIC = (
    (b"\x1f\x8b", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"%PDF-", "application/pdf"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"Obj\x01", "application/vnd.apache.avro"),
    (b"ORC", "application/vnd.apache.orc"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_COMPRESSED = frozenset(
    {
        "application/gzip",
        "application/zip",
        "application/x-bzip2",
        "application/x-xz",
        "application/zstd",
        "application/x-7z-compressed",
    }
)
_ALLOWED_CONTROLS = frozenset("\t\n\r\f\x1b")
_DELIMITERS = ",;\t|"


def sniff(beginning: bytes) -> str:
    """Return the media type of what begins so.

    :param beginning: the first `SNIFFED_BYTES`, or all there is
    """
    if not beginning:
        return EMPTY
    for magic, kind in _BY_MAGIC:
        if beginning.startswith(magic):
            return kind
    text = _decoded(beginning)
    return UNKNOWN if text is None else _kind_of_text(text)


def is_compressed(kind: str) -> bool:
    """Tell whether compressing it again would gain nothing."""
    return kind in _COMPRESSED


def _decoded(beginning: bytes) -> str | None:
    """Return it as text. A character that is cut at the end does no harm."""
    encoding = "utf-16" if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(beginning)
    except UnicodeDecodeError:
        return None
    is_binary = any(character < " " and character not in _ALLOWED_CONTROLS for character in text)
    return None if is_binary else text


def _kind_of_text(text: str) -> str:
    start = text.lstrip()
    if start[:1] in ("{", "["):
        return "application/json"
    lowered = start[:64].lower()
    if lowered.startswith(("<!doctype html", "<html")):
        return "text/html"
    if lowered.startswith("<"):
        return "application/xml"
    first_line = start.partition("\n")[0]
    return CSV if any(delimiter in first_line for delimiter in _DELIMITERS) else TEXT
