"""Unpacking gzip as it comes, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_GZIP = zlib.MAX_WBITS | 16
_MAX_OUT_BYTES = 1024 * 1024


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of a gzip file of one or more members (RFC 1952), piece by piece.

    :raises zlib.error: it is not gzip, or a checksum does not fit
    :raises EOFError: it ends in the middle of a member
    """
    member = zlib.decompressobj(_GZIP)
    begun = False
    for chunk in chunks:
        rest = chunk
        while rest:
            begun = True
            yield member.decompress(rest, _MAX_OUT_BYTES)
            rest = member.unconsumed_tail
            if member.eof:
                rest, begun = member.unused_data, False
                member = zlib.decompressobj(_GZIP)
    while begun and (piece := member.decompress(b"", _MAX_OUT_BYTES)):
        yield piece
    if begun and not member.eof:
        raise EOFError("it ends in the middle of a member")
