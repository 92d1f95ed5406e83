"""All looks, in the order in which they are shown, and who needs what they look for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.doctor.check import ALL, Check
from harness.doctor.engines import account, compose, docker, endpoint, environments, token
from harness.doctor.host import folders, platform, ports, programs, python, size
from harness.doctor.leftovers import containers, orphans, stacks
from harness.doctor.leftovers import environments as superfluous

DEFAULT = "localstack"
"""What must work unless an engine is asked for."""
COMPOSE = "compose"
"""Stands for `docker compose up`, which is no engine."""
ENGINES = (DEFAULT, "localstack:docker", "ministack", "aws", COMPOSE)
"""Names that `--engine` takes, besides an address."""
_HOST = frozenset({"localstack", "ministack"})
_DOCKER = frozenset({"localstack:docker", COMPOSE})
_NOBODY: frozenset[str] = frozenset()


def all_checks(engine: str) -> list[Check]:
    """Return every look.

    :param engine: what is asked for: for `aws`, AWS is asked; an address is asked who it is
    """
    return [*_machine(), *_folders_and_ports(), *_engines(engine), *_leftovers()]


def checks_for(engine: str) -> list[Check]:
    """Return the looks at what one engine needs."""
    return [check for check in all_checks(engine) if check.concerns(engine)]


def is_address(engine: str) -> bool:
    """Tell whether an engine's name is an address."""
    return engine.startswith(("http://", "https://"))


def _machine() -> Sequence[Check]:
    return (
        Check("python.version", python.version),
        Check("python.packages", python.packages),
        Check("python.uv", python.installer, _HOST),
        Check("system.platform", platform.system),
        Check("system.container", platform.container),
        Check("system.variables", platform.variables),
        Check("cpu.cores", size.cores),
        Check("memory.free", size.memory),
        Check("memory.swap", platform.swap),
        Check("limits.open-files", size.open_files),
        Check("limits.processes", size.processes),
    )


def _folders_and_ports() -> Sequence[Check]:
    return (
        Check("disk", folders.look),
        Check("ports.loopback", ports.loopback),
        Check("ports", ports.fixed, frozenset({COMPOSE})),
        Check("programs", programs.for_users, _NOBODY),
        Check("programs.tests", programs.for_tests, _NOBODY),
    )


def _engines(engine: str) -> Sequence[Check]:
    asks_aws = engine == "aws"
    return (
        Check("environments.localstack", partial(environments.look, "localstack"), frozenset({DEFAULT})),
        Check("environments.lambda-runtime", partial(environments.look, "lambda-runtime"), _HOST),
        Check("environments.ministack", partial(environments.look, "ministack"), frozenset({"ministack"})),
        Check("docker.engine", docker.engine, _DOCKER),
        Check("docker.package", docker.package, frozenset({"localstack:docker"})),
        Check("docker.image", docker.image, _DOCKER),
        Check("compose.version", compose.look, frozenset({COMPOSE})),
        Check("token.present", token.look, _DOCKER),
        Check("aws.credentials", account.credentials, frozenset({"aws"})),
        Check("aws.account", account.whose if asks_aws else account.not_asked, frozenset({"aws"})),
        *_address(engine),
    )


def _address(engine: str) -> Sequence[Check]:
    return (Check("endpoint", partial(endpoint.look, engine), ALL),) if is_address(engine) else ()


def _leftovers() -> Sequence[Check]:
    return (
        Check("leftovers.stacks", stacks.look),
        Check("leftovers.processes", orphans.look),
        Check("leftovers.containers", containers.look, _DOCKER),
        Check("leftovers.environments", superfluous.look, _HOST),
    )
