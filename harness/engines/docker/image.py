"""The image `floodgate/localstack:<hash>`: LocalStack's own with our plugin, made when it is first needed.

The hash covers the image below and everything of ours that goes in, so that a change of either is another
image, and the same inputs are never built twice.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import tarfile
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import Any

from harness.engines.base import Progress
from harness.engines.docker import client as docker_client
from harness.engines.docker.build import context
from harness.engines.docker.build.pruning import prune
from harness.engines.docker.build.told import follow
from harness.engines.docker.labels import IMAGE
from harness.environments import uv
from harness.environments.heartbeat import heartbeat
from harness.exceptions import EnvironmentNotReadyError, InstallError, UsageError
from harness.locks import exclusive
from harness.paths import environments_dir

BASE_ENV = "LOCALSTACK_IMAGE"
DEFAULT_BASE = "localstack/localstack:4.14.0"
"""The last free release. By tag: its digest is not known here; `name@sha256:…` in LOCALSTACK_IMAGE works."""
KIND = "localstack"
BASE_LABEL = "dev.floodgate.base"
INPUTS_LABEL = "dev.floodgate.inputs"
_REPOSITORY = "floodgate/localstack"
_PYTHON = "/opt/code/localstack/.venv/bin/python"
_VERSION_CODE = "import sys; print('%d.%d' % sys.version_info[:2])"
_NO_PROGRAM_MARK = "no such file or directory"
"""What the Docker Engine says where an image has not the program that is to be started."""


def base() -> str:
    """Return the image that ours is made from."""
    return os.environ.get(BASE_ENV) or DEFAULT_BASE


def version_in(reference: str) -> str | None:
    """Return the release that an image's tag names, e.g. `4.14.0`; None where it names none."""
    found = re.search(r":(\d+\.\d+\.\d+)(?:@|$)", reference)
    return found[1] if found else None


def ensure(progress: Progress, base_image: str | None = None) -> str:
    """Return the name of our image, made first if need be.

    :param base_image: made from this one, and not from `base()`
    :raises UsageError: what was given is no name of an image
    :raises EnvironmentNotReadyError: Docker, the image below, or the network for it is missing
    :raises InstallError: the packages that go in could not be had
    """
    reference = base_image or base()
    docker = docker_client.connect()
    if (found := _base_of(docker, reference)) is None:
        if (made := _made_before(docker, reference)) is not None:
            return made
        found = _pulled(docker, reference, progress)
    tag = f"{_REPOSITORY}:{_key(found.id)}"
    if _get(docker, tag) is None:
        _build_locked(docker, reference, found, tag, progress)
    return tag


def find(base_image: str | None = None) -> str | None:
    """Return the name of our image if it is there and up to date; None where it must be made.

    :raises EnvironmentNotReadyError: there is no Docker Engine that this user may use
    """
    docker = docker_client.connect()
    reference = base_image or base()
    found = _base_of(docker, reference)
    if found is None:
        return _made_before(docker, reference)
    tag = f"{_REPOSITORY}:{_key(found.id)}"
    return tag if _get(docker, tag) else None


def _key(base_id: str) -> str:
    return hashlib.sha256(f"{base_id}\0{context.inputs_key()}".encode()).hexdigest()[:12]


def _base_of(docker: Any, reference: str) -> Any | None:
    return _get(docker, reference)


def _get(docker: Any, reference: str) -> Any | None:
    from docker import errors

    with docker_client.translated(f"looking for the image {reference}"):
        try:
            return docker.images.get(reference)
        except errors.ImageNotFound:
            return None
        except errors.APIError as exc:
            if exc.status_code != HTTPStatus.BAD_REQUEST:
                raise
            hint = f"{BASE_ENV} is a name with a tag or a digest, such as {DEFAULT_BASE}"
            raise UsageError(f"{reference!r} is no name of an image", hint=hint) from exc


def _made_before(docker: Any, reference: str) -> str | None:
    """Return an image that was made of the same inputs when the image below was still there."""
    labels = [f"{IMAGE}={KIND}", f"{BASE_LABEL}={reference}", f"{INPUTS_LABEL}={context.inputs_key()}"]
    with docker_client.translated("looking for an image"):
        found = docker.images.list(filters={"label": labels})
    return next((tag for image in found for tag in image.tags if tag.startswith(_REPOSITORY)), None)


def _pulled(docker: Any, reference: str, progress: Progress) -> Any:
    progress(f"LocalStack image: fetching {reference}")
    doing = f"the image {reference} is not on this machine, and not to be had"
    try:
        with docker_client.translated(doing), heartbeat(progress, "LocalStack image"):
            return docker.images.pull(*_name_and_tag(reference))
    except EnvironmentNotReadyError as exc:
        raise EnvironmentNotReadyError(
            exc.message,
            hint=f"with a network: docker pull {reference}; without: docker load -i FILE, or {BASE_ENV} "
            f"names an image that is here; {docker_client.NONE_NEEDED}",
        ) from exc


def _name_and_tag(reference: str) -> tuple[str, str | None]:
    """Split as Docker's API wants it; a digest goes where a tag would."""
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    name, _, tag = reference.rpartition(":")
    return (name, tag) if name and "/" not in tag else (reference, "latest")


def _build_locked(docker: Any, reference: str, below: Any, tag: str, progress: Progress) -> None:
    lock = environments_dir() / f"docker-image-{tag.rpartition(':')[2]}.lock"

    def tell() -> None:
        progress("LocalStack image: waiting for another process that is making it")

    try:
        with exclusive(lock, on_wait=tell):
            if _get(docker, tag) is None:
                _build(docker, reference, below, tag, progress)
    except OSError as exc:
        raise InstallError(
            f"what goes into the image {tag} could not be written: {exc}", hint=uv.hint_for([str(exc)])
        ) from exc


def _build(docker: Any, reference: str, below: Any, tag: str, progress: Progress) -> None:
    progress(f"LocalStack image: making {tag} from {reference}")
    target = context.Target(_python_of(docker, reference), below.attrs["Architecture"])
    with tempfile.TemporaryDirectory(prefix="floodgate-image-") as name:
        folder = Path(name)
        context.write(folder, target, progress)
        packed = _packed(folder)
    with docker_client.translated("making the image"), heartbeat(progress, "LocalStack image"):
        told = docker.api.build(
            fileobj=packed,
            custom_context=True,
            tag=tag,
            buildargs={BASE_ENV: reference},
            labels={
                IMAGE: KIND,
                BASE_LABEL: reference,
                INPUTS_LABEL: context.inputs_key(),
            },
            rm=True,
            forcerm=True,
            decode=True,
        )
        follow(told)
    progress("LocalStack image: ready")
    prune(_REPOSITORY, keep=tag, progress=progress)


def _python_of(docker: Any, reference: str) -> str:
    """Return the version of LocalStack's own Python in an image.

    :raises EnvironmentNotReadyError: it has none where LocalStack's images have it
    """
    with docker_client.translated(f"looking into {reference}"):
        probe = docker.containers.create(
            reference, ["-c", _VERSION_CODE], entrypoint=_PYTHON, network_disabled=True
        )
    try:
        with docker_client.translated(f"looking into {reference}"):
            probe.start()
            code: int = probe.wait()["StatusCode"]
            version: bytes = probe.logs(stderr=False)
    except EnvironmentNotReadyError as exc:
        if _NO_PROGRAM_MARK not in exc.message.lower():
            raise
        raise _no_localstack(reference) from exc
    finally:
        with docker_client.translated(f"removing the container that looked into {reference}"):
            probe.remove(force=True, v=True)
    if code:
        raise _no_localstack(reference)
    return version.decode().strip()


def _no_localstack(reference: str) -> EnvironmentNotReadyError:
    return EnvironmentNotReadyError(
        f"{reference} is no image of LocalStack: it has no {_PYTHON}",
        hint=f"{BASE_ENV} names the image, such as {DEFAULT_BASE}",
    )


def _packed(folder: Path) -> io.BytesIO:
    """Return the context as a tar of root's files, which everybody may read whatever the umask was here."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, arcname=".", filter=_of_root_for_all)
    packed.seek(0)
    return packed


def _of_root_for_all(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    is_program = member.isdir() or member.mode & stat.S_IXUSR
    member.mode = 0o755 if is_program else 0o644
    return member
