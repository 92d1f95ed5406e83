from __future__ import annotations

from pathlib import Path

import pytest

from harness.exceptions import UsageError
from harness.load.catalogue import names, scenario

pytestmark = pytest.mark.unit


def test_every_scenario_that_comes_along_can_be_read_and_has_thresholds():
    assert set(names()) >= {
        *("smoke", "million-a-day", "daily-curve", "burst", "ramp-to-knee", "soak", "large-files"),
        *("many-customers", "connect-storm", "poison", "duplicates", "mixed-clients", "replay"),
    }
    for name in names():
        assert scenario(name).name == name
        assert scenario(name).workload.thresholds


def test_a_million_a_day_is_what_it_says():
    rate_per_s = scenario("million_a_day").workload.rate_per_s or 0.0
    assert rate_per_s * 86_400 == pytest.approx(1_000_000, rel=0.01)
    assert rate_per_s * 86_400 > 1_000_000


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no scenario 'nope'; known: .*million-a-day.*smoke"):
        scenario("nope")


def test_a_path_where_nothing_is(tmp_path: Path):
    with pytest.raises(UsageError, match=r"no scenario file"):
        scenario(str(tmp_path / "nope.py"))


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "my_own.py"
    path.write_text(text)
    return str(path)


def test_a_file_of_the_users_own(tmp_path: Path):
    own = written(
        tmp_path,
        "from harness.load import SftpUser, Workload\n"
        "WORKLOAD = Workload(description='own', rate_per_s=2.0, files=3)\n"
        "class Customer(SftpUser):\n    pass\n",
    )
    assert scenario(own).name == "my-own"
    assert scenario(own).workload.files == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "declares no workload"),
        ("WORKLOAD = 5", "declares no workload"),
        (
            "from harness.load import SftpUser, Workload\n"
            "WORKLOAD = Workload(description='own', rate_per_s=2.0, files=3)\n",
            "declares no Locust user",
        ),
        ("import nonsense_that_is_not_there", "ModuleNotFoundError"),
        ("this is no python", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(0)", "SystemExit"),
        (
            "from harness.load import Workload\nWORKLOAD = Workload(description='', rate_per_s=-1, files=0)",
            r"description: .*; rate_per_s: .*\(got -1\); files: .*\(got 0\)",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text, told):
    with pytest.raises(UsageError, match=told):
        scenario(written(tmp_path, text))


def test_the_line_that_raises_is_told(tmp_path: Path):
    path = tmp_path / "own.py"
    path.write_text("def fail():\n    raise ValueError('boom')\n\n\nfail()\n")
    with pytest.raises(UsageError, match=r"own\.py cannot be loaded, line 2: ValueError: boom") as told:
        scenario(str(path))
    assert told.value.hint
