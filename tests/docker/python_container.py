"""Floodgate from a clean checkout, in a container of an official Python image."""

from __future__ import annotations

import io
import json
import os
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCES = ("harness", "pipeline", "scenarios", "requirements", "pyproject.toml", "README.md", "LICENSE")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's; a company's own, for its package index, are in it."""
_INDEX_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
_TIMEOUT_S = 270

# As `make setup` does it; the slim images have no make. All is on the volume of uv's downloads, so that
# installing is linking.
_SCRIPT = """
bin=$VENV/bin
python -m venv "$VENV"
$bin/pip install -q --disable-pip-version-check "$(grep '^uv==' requirements/runtime.txt)"
$bin/uv pip install -q --python $bin/python -r requirements/runtime.txt
$bin/uv pip install -q --python $bin/python --no-deps -e .
$bin/floodgate setup
$bin/floodgate run smoke --out /report
"""


@contextmanager
def smoke_run(docker: Any, image: str, cache: str) -> Iterator[tuple[int, str, Any]]:
    """Install Floodgate from its pins and run the scenario `smoke`; give exit code, output and container.

    :param docker: a `docker.DockerClient`
    :param cache: name of the volume that keeps uv's downloads from one container to the next
    """
    container = docker.containers.create(
        image,
        ["sh", "-ec", _SCRIPT],
        environment=_environment(),
        # The package index may be one that only this machine reaches.
        network_mode="host",
        init=True,
        volumes=_volumes(cache),
        working_dir="/floodgate",
    )
    try:
        container.put_archive("/", _sources())
        container.start()
        code = container.wait(timeout=_TIMEOUT_S)["StatusCode"]
        yield code, container.logs().decode(errors="replace"), container
    finally:
        container.remove(force=True, v=True)


def summary_of(container: Any) -> dict[str, Any]:
    """Return the run's summary.json."""
    chunks, _ = container.get_archive("/report/summary.json")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        file = archive.extractfile("summary.json")
        assert file is not None
        found: dict[str, Any] = json.load(file)
    return found


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in _INDEX_VARIABLES if name in os.environ}
    if _CERTIFICATES.exists():
        passed |= {"SSL_CERT_FILE": str(_CERTIFICATES), "PIP_CERT": str(_CERTIFICATES)}
    own = {"UV_CACHE_DIR": "/cache/uv", "XDG_CACHE_HOME": "/cache", "VENV": f"/cache/{uuid.uuid4().hex}"}
    return {**passed, **own}


def _volumes(cache: str) -> dict[str, dict[str, str]]:
    volumes = {cache: {"bind": "/cache", "mode": "rw"}}
    if _CERTIFICATES.exists():
        volumes[str(_CERTIFICATES)] = {"bind": str(_CERTIFICATES), "mode": "ro"}
    return volumes


def _sources() -> bytes:
    """Return the sources, and nothing that was made from them here, as a tar archive below `floodgate/`."""
    archived = io.BytesIO()
    with tarfile.open(fileobj=archived, mode="w") as archive:
        for name in SOURCES:
            archive.add(ROOT / name, f"floodgate/{name}", filter=_without_by_products)
    return archived.getvalue()


def _without_by_products(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = Path(member.name).parts
    if "__pycache__" in parts or any(part.startswith(".") for part in parts):
        return None
    member.uid = member.gid = 0
    return member
