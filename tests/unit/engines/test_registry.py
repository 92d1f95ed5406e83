"""Engines by name."""

from __future__ import annotations

import pytest

from harness.engines.base import EngineInfo
from harness.engines.registry import NAMES, create, may_have_plugin, queue_peeker
from harness.exceptions import UsageError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "mode"),
    [("localstack", "host"), ("http://127.0.0.1:4566", "url"), ("https://engine.example/", "url")],
)
def test_known_engines(name: str, mode: str) -> None:
    engine = create(name)
    assert engine.mode == mode
    assert engine.processes() == []
    assert engine.log_file() is None
    engine.stop()


@pytest.mark.parametrize("name", ["", "LocalStack", "minicloud", "ftp://127.0.0.1"])
def test_unknown_engine_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(UsageError, match="there is no engine") as caught:
        create(name)
    assert caught.value.hint == f"engines: {', '.join(NAMES)}"


@pytest.mark.parametrize("url", ["http://", "http://:4566", "http://host:notaport", "http://host:99999"])
def test_malformed_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of an engine"):
        create(url)


def test_a_port_cannot_be_chosen_for_what_runs_already() -> None:
    with pytest.raises(UsageError, match="already running"):
        create("http://127.0.0.1:4566", port=4567)


@pytest.mark.parametrize("name", ["localstack", "ministack"])
def test_engines_that_list_queues(name: str) -> None:
    assert queue_peeker(EngineInfo(name, "host", "1", "http://127.0.0.1:1")) is not None


def test_others_do_not_list_queues() -> None:
    assert queue_peeker(EngineInfo("url", "url", "unknown", "http://127.0.0.1:1")) is None


@pytest.mark.parametrize(
    ("name", "mode", "label"),
    [
        ("localstack", "host", "localstack"),
        ("localstack", "docker", "localstack:docker"),
        ("ministack", "host", "ministack"),
        ("aws", "aws", "aws"),
        ("localstack", "url", "http://127.0.0.1:1"),
        ("url", "url", "http://127.0.0.1:1"),
    ],
)
def test_an_engine_is_asked_for_by_its_label(name: str, mode: str, label: str) -> None:
    assert EngineInfo(name, mode, "1", "http://127.0.0.1:1").label == label


def test_aws_is_no_engine_of_the_kind_that_runs_already() -> None:
    with pytest.raises(UsageError, match="is AWS itself") as caught:
        create("https://s3.us-east-1.amazonaws.com")
    assert "--engine aws" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("localstack", True),
        ("localstack:docker", True),
        ("http://127.0.0.1:1", True),
        ("ministack", False),
        ("aws", False),
    ],
)
def test_which_engines_may_have_our_plugin(name: str, may: bool) -> None:
    assert may_have_plugin(name) is may


def test_what_is_no_engine_has_no_plugin_either() -> None:
    with pytest.raises(UsageError, match="there is no engine"):
        may_have_plugin("localstak")
