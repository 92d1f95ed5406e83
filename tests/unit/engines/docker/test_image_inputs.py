"""What our image is made of, without making it."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest

from harness.engines.docker import image, settings
from harness.engines.docker.build import context
from harness.engines.localstack import settings as host_settings
from harness.exceptions import EnvironmentNotReadyError

pytestmark = pytest.mark.unit

DOCKERFILE = Path(context.__file__).parent / "Dockerfile"
OF_THE_HOST_ONLY = frozenset(
    {
        # A container has its own file system, Docker's name of itself, and nothing of the user's.
        "FILESYSTEM_ROOT",
        "OVERRIDE_IN_DOCKER",
        "HOME",
        "TMPDIR",
        "CONFIG_DIR",
        "XDG_CACHE_HOME",
        # Where it listens is told when it is started.
        "GATEWAY_LISTEN",
        "LOCALSTACK_HOST",
    }
)
PATHS = frozenset({"FLOODGATE_LAMBDA_PYTHON", "FLOODGATE_LAMBDA_DIR"})


def image_variables() -> dict[str, str]:
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    return dict(word.split("=", 1) for word in line.split())


def test_a_container_is_set_up_as_an_engine_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in host_settings.PASSED_THROUGH:
        monkeypatch.delenv(name, raising=False)
    host = host_settings.environment(port=1, root=Path("/r"), lambda_python=Path("/l"))
    expected = {name: value for name, value in host.items() if name not in OF_THE_HOST_ONLY}
    found = image_variables()
    assert found.keys() == expected.keys()
    assert {name for name in found if found[name] != expected[name]} == PATHS


def test_a_container_listens_inside_where_it_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALSTACK_AUTH_TOKEN", raising=False)
    told = settings.environment(4711)
    assert (told["GATEWAY_LISTEN"], told["LOCALSTACK_HOST"]) == ("0.0.0.0:4711", "127.0.0.1:4711")


def test_the_token_goes_to_the_container_and_never_to_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_AUTH_TOKEN", "ls-secret")
    assert settings.environment(1)["LOCALSTACK_AUTH_TOKEN"] == "ls-secret"
    monkeypatch.delenv("LOCALSTACK_AUTH_TOKEN")  # whoever saves the log need not be who started the container
    variables = ["PATH=/bin", "LOCALSTACK_AUTH_TOKEN=ls-secret"]
    assert settings.masked(b"activating ls-secret failed", variables) == b"activating *** failed"
    assert settings.masked(b"nothing was given", ["LOCALSTACK_AUTH_TOKEN="]) == b"nothing was given"


def test_nothing_of_the_user_goes_into_the_image() -> None:
    assert "TOKEN" not in DOCKERFILE.read_text()


def test_the_same_inputs_make_the_same_image() -> None:
    assert context.inputs_key() == context.inputs_key()
    assert re.fullmatch("[0-9a-f]{12}", context.inputs_key())


def test_an_architecture_without_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReadyError, match="s390x") as caught:
        context.write(tmp_path / "context", context.Target("3.13", "s390x"), print)
    assert caught.value.hint is not None
    assert "amd64, arm64" in caught.value.hint


def test_what_goes_in_may_be_read_by_all_whatever_the_umask_was(tmp_path: Path) -> None:
    """LocalStack runs as nobody, and would miss the plugin without a word."""
    package = tmp_path / "plugin"
    package.mkdir(mode=0o700)
    for name, mode in (("module.py", 0o600), ("program", 0o700)):
        (package / name).touch()
        (package / name).chmod(mode)
    with tarfile.open(fileobj=image._packed(tmp_path)) as archive:
        modes = {member.name: member.mode for member in archive.getmembers()}
        owners = {(member.uid, member.gid) for member in archive.getmembers()}
    assert modes == {".": 0o755, "./plugin": 0o755, "./plugin/module.py": 0o644, "./plugin/program": 0o755}
    assert owners == {(0, 0)}
