"""`floodgate setup` fetches everything: what comes after it needs no package index."""

import pytest

from harness.cli.app import invoke
from harness.deploy import package
from harness.environments import ensure, uv
from harness.exit_codes import ExitCode
from harness.paths import HOME_ENV

pytestmark = pytest.mark.integration


def test_after_setup_nothing_is_fetched(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(HOME_ENV, str(tmp_path))
    assert invoke(["setup"]) == ExitCode.PASSED
    assert "LocalStack" in capsys.readouterr().err

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("uv was called although everything is there")

    monkeypatch.setattr(uv, "run", refuse)
    assert invoke(["setup"]) == ExitCode.PASSED
    assert capsys.readouterr().err == ""
    assert ensure("localstack", print).exists()
    assert ensure("lambda-runtime", print).exists()
    assert package.build(print).path.exists()
