"""Our reader of listings and botocore's read the same."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.sftp.storage import list_pages
from harness.sftp.storage.base import ListPage

pytestmark = pytest.mark.unit

ODD_NAMES = ["plain", "with space", "a+b", "100%", "%41", "😀", "tab\t", "a&b<c>", "'\""]


class _Answer(AWSResponse):
    def __init__(self, body: bytes, status: int) -> None:
        super().__init__("http://s3", status, HTTPHeaders(), None)
        self._content = body


def _client(body: bytes, status: int = 200) -> Any:
    """An S3 client that gets this answer to everything."""
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 0}),
    )
    answer: Any = lambda **_: _Answer(body, status)  # noqa: E731
    client.meta.events.register("before-send.s3", answer)
    return client


def _listing(encoding: str, token: str) -> bytes:
    name = quote if encoding else (lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
    objects = "".join(
        f"<Contents><Key>{name(key)}</Key><LastModified>2026-11-23T03:00:0{at}.500Z</LastModified>"
        f"<ETag>&quot;e&quot;</ETag><Size>{at}</Size></Contents>"
        for at, key in enumerate(ODD_NAMES)
    )
    prefixes = "".join(f"<CommonPrefixes><Prefix>{name(key)}/</Prefix></CommonPrefixes>" for key in ODD_NAMES)
    return (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Prefix/>{encoding}{token}<IsTruncated>false</IsTruncated>{objects}{prefixes}</ListBucketResult>"
    ).encode()


@pytest.mark.parametrize("encoding", ["<EncodingType>url</EncodingType>", ""])
@pytest.mark.parametrize("token", ["<NextContinuationToken>a b</NextContinuationToken>", ""])
def test_a_page_says_what_botocore_says(encoding: str, token: str) -> None:
    theirs = _client(_listing(encoding, token)).list_objects_v2(Bucket="bucket")
    ours = _client(_listing(encoding, token))
    list_pages.take_over(ours)
    page: ListPage = ours.list_objects_v2(Bucket="bucket")[list_pages.PAGE]
    assert [(o.key, o.size_bytes, o.modified_at) for o in page.objects] == [
        (entry["Key"], entry["Size"], entry["LastModified"].timestamp()) for entry in theirs["Contents"]
    ]
    assert page.prefixes == [entry["Prefix"] for entry in theirs["CommonPrefixes"]]
    assert page.next_token == theirs.get("NextContinuationToken")


def test_an_empty_page() -> None:
    assert list_pages.page_of(b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>") == ListPage(
        [], [], None
    )


def test_a_refusal_is_botocore_s() -> None:
    client = _client(b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>", 404)
    list_pages.take_over(client)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        client.list_objects_v2(Bucket="bucket")


def test_what_is_no_listing_is_an_error() -> None:
    client = _client(b"<half")
    list_pages.take_over(client)
    with pytest.raises(ClientError, match="500"):
        client.list_objects_v2(Bucket="bucket")
