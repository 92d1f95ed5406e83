"""Kinds of content by the first bytes."""

from __future__ import annotations

import gzip

import pytest

from pipeline.workflow import content

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"", "application/x-empty"),
        (gzip.compress(b"x", mtime=0), "application/gzip"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PAR1\x15\x04", "application/vnd.apache.parquet"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b' \n{"a": 1}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', "application/xml"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"a,b\n1,2\n", "text/csv"),
        (b"a;b\r\n1;2", "text/csv"),
        (b"just words\nwith, a comma later", "text/plain"),
        ("a,b\nä,ö".encode("utf-16"), "text/csv"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"text with a \x00 in it", "application/octet-stream"),
        (b"\xe4\xf6\xfc latin-1", "application/octet-stream"),
    ],
)
def test_kinds(beginning: bytes, kind: str) -> None:
    assert content.sniff(beginning) == kind


def test_a_character_that_is_cut_does_no_harm() -> None:
    assert content.sniff("wörter".encode()[:2]) == "text/plain"


def test_what_is_compressed() -> None:
    assert content.is_compressed("application/gzip")
    assert not content.is_compressed("text/csv")
