"""What the user is told when uv fails, and what uv is told of our environment."""

from __future__ import annotations

import pytest

from harness.environments import uv

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("line", "word"),
    [
        pytest.param("error: failed to write: No space left on device (os error 28)", "disk", id="disk full"),
        pytest.param("  cause: dns error: failed to lookup address information", "offline", id="offline"),
        pytest.param("  cause: tunnel error: unsuccessful", "HTTPS_PROXY", id="proxy"),
        pytest.param("  cause: invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE", id="certificate"),
        pytest.param("No solution found when resolving dependencies", "mirror", id="incomplete mirror"),
        pytest.param("error: something else", "lines above", id="anything else"),
    ],
)
def test_hint_fits_the_cause(line: str, word: str) -> None:
    assert word in uv.hint_for(["Resolved 3 packages", line])


def test_another_python_cannot_leak_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mirror.example/simple")
    environment = uv.environment()
    assert environment.keys().isdisjoint(
        {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON"}
    )
    assert environment["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
