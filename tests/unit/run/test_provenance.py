import subprocess

import pytest

from harness.run import provenance

pytestmark = pytest.mark.unit


def test_outside_a_checkout_the_commit_is_unknown(tmp_path):
    assert provenance.git_commit(tmp_path) == "unknown"


def test_a_changed_checkout_says_so(tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    (tmp_path / "file").write_text("one")
    git("init")
    git("add", "file")
    git("commit", "-m", "first")
    clean = provenance.git_commit(tmp_path)
    assert len(clean) == 40
    (tmp_path / "file").write_text("two")
    assert provenance.git_commit(tmp_path) == f"{clean}-dirty"


def test_pins_are_part_of_what_was_run():
    assert len(provenance.pins_sha256()) == 64
