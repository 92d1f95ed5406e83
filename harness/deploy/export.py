"""`deploy --package DIR`: everything that the AWS CLI needs to deploy the pipeline, as files.

    DIR/template.yaml                     the pipeline's template as it is (for an engine that lacks some of
                                          it: adapted)
    DIR/parameters.json                   all parameters, for --parameter-overrides
    DIR/upload/<hash>/pipeline.zip        the Lambda package
    DIR/upload/<hash>/<name>.asl.json     the state machine definitions

What is in `upload` goes into the user's own bucket under the same names, which the parameters refer to. The
hash is that of the content, so that new code is a new key, as CloudFormation needs it to notice.
"""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.deploy import package, pipeline_files, template
from harness.deploy.artifacts import definitions_hash
from harness.deploy.parameters import CODE, DEFINITIONS
from harness.deploy.prepare import Prepared, adapt
from harness.deploy.record import STACK_TAG
from harness.engines.base import Progress
from harness.exceptions import UsageError


@dataclass(frozen=True)
class Exported:
    """A written folder, and the commands that deploy it."""

    folder: Path
    commands: tuple[str, ...]


def write(prepared: Prepared, folder: Path, *, name: str, bucket: str, progress: Progress) -> Exported:
    """Write the folder.

    :param name: of the stack in Floodgate
    :param bucket: the user's bucket that is to hold the code
    :raises UsageError: the folder is there and not empty
    :raises InstallError: the dependencies of the handlers could not be fetched
    """
    require_new(folder)
    upload = folder / "upload"
    upload.mkdir(parents=True)
    located = _write_upload(prepared, upload, bucket, progress)
    _write_template(prepared, folder / "template.yaml")
    chosen = {**prepared.parameters(), **located}
    # Of the forms that the AWS CLI's versions 1 and 2 take, this is the one that both do.
    pairs = [f"{key}={value}" for key, value in sorted(chosen.items())]
    (folder / "parameters.json").write_text(json.dumps(pairs, indent=2) + "\n")
    return Exported(folder, _commands(folder, name, bucket))


def require_new(folder: Path) -> None:
    """Raise `UsageError` unless the folder is new or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--package {folder} is there already", hint="name a new or empty folder")


def _write_upload(prepared: Prepared, upload: Path, bucket: str, progress: Progress) -> dict[str, str]:
    declared = prepared.template["Parameters"]
    files: list[Path] = []
    located: dict[str, str] = {}
    hashed = ""
    if all(name in declared for name in CODE):
        built = package.build(progress, prepared.options.handlers)
        hashed = package.content_sha256(built.path)[:16]
        (upload / hashed).mkdir()
        shutil.copyfile(built.path, upload / hashed / "pipeline.zip")
        located = {"CodeBucket": bucket, "CodeKey": f"{hashed}/pipeline.zip"}
    if DEFINITIONS in declared:
        files = pipeline_files.definitions(prepared.options.handlers)
        hashed = definitions_hash({path.name: path.read_bytes() for path in files})[:16]
        (upload / hashed).mkdir()
        located[DEFINITIONS] = hashed
    for path in files:
        shutil.copyfile(path, upload / hashed / path.name)
    return located


def _write_template(prepared: Prepared, path: Path) -> None:
    if prepared.is_whole:
        shutil.copyfile(template.source(prepared.options.template), path)
    else:
        path.write_text(adapt(prepared).body)


def _commands(folder: Path, name: str, bucket: str) -> tuple[str, ...]:
    stack = f"floodgate-{name}"
    there = shlex.quote(str(folder))
    return (
        f"aws s3 cp --recursive {there}/upload s3://{bucket}/",
        f"aws cloudformation deploy --stack-name {stack} --template-file {there}/template.yaml "
        f"--s3-bucket {bucket} --s3-prefix {stack} --parameter-overrides file://{there}/parameters.json "
        f"--capabilities CAPABILITY_IAM CAPABILITY_NAMED_IAM --tags {STACK_TAG}={name}",
        f"floodgate down --engine aws --name {name}",
    )
