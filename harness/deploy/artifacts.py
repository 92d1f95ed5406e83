"""Code, state machine definitions and template of a stack, where CloudFormation finds them.

The bucket is one for all stacks of an account and Region, and none of the pipeline's own. Each deployment has
a folder in it, which goes with the stack; below that, keys hold the content's hash, so that new content is a
new key and nothing that is there is ever written over.

Names of buckets are of the whole world, and this one can be guessed: in an account whatever is put there
names the owner whom the bucket must have, so that nobody else gets, or hands over, the code that is to run:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.aws import ACCOUNT_MODE, translated
from harness.engines.base import EngineInfo

BUCKET_TAG = "floodgate:artifacts"
"""Marks the bucket, which belongs to no stack alone."""


def bucket_name(account_id: str, region: str) -> str:
    """Return the name of the artifact bucket of an account and Region."""
    return f"floodgate-artifacts-{account_id}-{region}"


def owner(engine: EngineInfo) -> dict[str, str]:
    """Return what a call on the bucket says of its owner; engines of this machine have but one."""
    return {"ExpectedBucketOwner": engine.account_id} if engine.mode == ACCOUNT_MODE else {}


class Artifacts:
    """The folder of one deployment in the artifact bucket."""

    def __init__(self, s3: Any, engine: EngineInfo, folder: str) -> None:
        self._s3 = s3
        self._region = engine.region
        self._folder = folder
        self._owner = owner(engine)
        self.bucket = bucket_name(engine.account_id, engine.region)

    def put_code(self, package: Path) -> dict[str, str]:
        """Upload the Lambda package; return the template parameters that say where it is."""
        content = package.read_bytes()
        key = f"{self._folder}/code/{_sha256(content)}.zip"
        self._put(key, content, "the Lambda package")
        return {"CodeBucket": self.bucket, "CodeKey": key}

    def put_definitions(self, files: Iterable[Path]) -> dict[str, str]:
        """Upload state machine definitions by name; return the parameter that holds their common prefix."""
        contents = {path.name: path.read_bytes() for path in files}
        prefix = f"{self._folder}/definitions/{definitions_hash(contents)}"
        for name, content in contents.items():
            self._put(f"{prefix}/{name}", content, "the state machine definitions")
        return {"DefinitionsPrefix": prefix}

    def put_template(self, body: str) -> str:
        """Upload the template; return its URL (templates over 51,200 bytes cannot be passed themselves)."""
        content = body.encode()
        key = f"{self._folder}/templates/{_sha256(content)}.json"
        self._put(key, content, "the template")
        return f"{self._s3.meta.endpoint_url.rstrip('/')}/{self.bucket}/{key}"

    def _put(self, key: str, content: bytes, what: str) -> None:
        with translated(f"uploading {what}"):
            try:
                self._s3.put_object(Bucket=self.bucket, Key=key, Body=content, **self._owner)
            except self._s3.exceptions.NoSuchBucket:
                # Another stack's `down` may take the empty bucket away at any time.
                _create_bucket(self._s3, self.bucket, self._region)
                self._s3.put_object(Bucket=self.bucket, Key=key, Body=content, **self._owner)


def definitions_hash(contents: dict[str, bytes]) -> str:
    """Return one hash of named contents."""
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _create_bucket(s3: Any, bucket: str, region: str) -> None:
    # us-east-1 is the one Region that must not be named.
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": BUCKET_TAG, "Value": "shared"}]})
