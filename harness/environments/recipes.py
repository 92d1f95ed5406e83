"""What goes into each kind of environment, and the name that a content hash gives it.

Terms: a *layer* is one virtual environment on disk. The kind `localstack` has two: LocalStack itself
(hundreds of megabytes, changes with the pins) and, on top, our plugin (small, changes with its sources). The
upper layer sees the packages of the lower one through a `.pth` file, so a changed plugin costs a second and
never touches an environment that another engine runs on.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from harness.exceptions import UsageError

_HERE = Path(__file__).parent
PINS_DIR = _HERE / "pins"
PLUGIN_DIR = _HERE.parent / "engines" / "localstack" / "plugin"
BUILD_PINS = PINS_DIR / "build.txt"
MINISTACK_VERSION = "1.5.33"
"""The newest release before 2026-11-20, for every Python; it pins one botocore of its own."""
_LAYOUT = "1"
"""Part of every key: raise it when environments must be made again although no input changed."""


@dataclass(frozen=True)
class Layer:
    """One virtual environment.

    :param title: what the user is told is being installed
    :param pins: requirements file of what to install, or None
    :param project: folder of a Python project to install without its dependencies, or None
    :param below: the layer whose packages this one sees, too
    :param only_wheels: never compile from source, so that no compiler is needed
    :param compile_all: compile the bytecode of every module now, and not of each at its first import
    :param prepare: module of the environment that computes, once for all starts, what every engine would
        compute again; it is run with FILESYSTEM_ROOT set to `prepared_dir` of the environment
    """

    name: str
    title: str
    pins: Path | None = None
    project: Path | None = None
    below: Layer | None = None
    only_wheels: bool = False
    compile_all: bool = True
    prepare: str | None = None

    def folder_name(self) -> str:
        """Return `<name>-py<version>-<hash of everything that goes in>`."""
        return f"{self.name}-py{sys.version_info.major}.{sys.version_info.minor}-{self._key()}"

    def _key(self) -> str:
        digest = hashlib.sha256()
        for part in self._inputs():
            digest.update(part)
            digest.update(b"\0")
        return digest.hexdigest()[:12]

    def _inputs(self) -> Iterator[bytes]:
        yield from (_LAYOUT.encode(), str(sys.implementation.cache_tag).encode())
        yield f"{sys.platform}-{platform.machine()}-uv{version('uv').split('.')[0]}".encode()
        if self.pins is not None:
            yield self.pins.read_bytes()
        if self.prepare is not None:
            yield self.prepare.encode()
        if self.project is not None:
            yield BUILD_PINS.read_bytes()
            yield from project_sources(self.project)
        if self.below is not None:
            yield self.below.folder_name().encode()


def layer_for(kind: str) -> Layer:
    """Return the top layer of an environment kind.

    :raises UsageError: no such kind
    """
    if kind == "localstack":
        return _localstack()
    if kind == "lambda-runtime":
        return Layer(
            name="lambda-runtime",
            title="Lambda runtime",
            pins=PINS_DIR / "lambda-runtime.txt",
            only_wheels=True,
        )
    if kind == "ministack":
        return Layer(
            name=f"ministack-{MINISTACK_VERSION}",
            title=f"MiniStack {MINISTACK_VERSION}",
            pins=PINS_DIR / f"ministack-{MINISTACK_VERSION}.txt",
            only_wheels=True,
        )
    raise UsageError(
        f"there is no environment kind {kind!r}", hint="kinds: localstack, lambda-runtime, ministack"
    )


def localstack_version() -> str:
    """Return the LocalStack release for the running Python: 4.14.0 needs 3.13, 4.9.2 is the last for 3.11."""
    return "4.14.0" if sys.version_info >= (3, 13) else "4.9.2"


def project_sources(folder: Path) -> Iterator[bytes]:
    """Yield name and content of every source file of a project, in a stable order."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not _is_by_product(relative):
            yield str(relative).encode()
            yield path.read_bytes()


def _is_by_product(relative: Path) -> bool:
    return "__pycache__" in relative.parts or any(part.startswith(".") for part in relative.parts)


def _localstack() -> Layer:
    release = localstack_version()
    engine = Layer(
        name=f"localstack-{release}",
        title=f"LocalStack {release}",
        pins=PINS_DIR / f"localstack-{release}.txt",
        # Eleven thousand modules, a minute of CPU. Engines import a sixth, and keep their bytecode.
        compile_all=False,
        # The index of all AWS services' operations: five seconds of CPU at the first call to each engine.
        prepare="localstack.aws.spec",
    )
    return Layer(name="localstack-plugin", title="LocalStack plugin", project=PLUGIN_DIR, below=engine)
