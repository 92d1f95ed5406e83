"""What plans and reports say of an engine comes from the conformance suite's data."""

from __future__ import annotations

import pytest

from harness.conformance.differences import differences
from harness.engines import registry
from harness.engines.docker.image import version_in

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", ["localstack", "localstack:docker", "ministack"])
def test_an_engine_tells_what_the_conformance_suite_has_found(name: str) -> None:
    told = registry.capabilities(name).differs_from_aws
    found = [sentence for sentence in differences(name) if not sentence.endswith(")")]
    assert found
    assert set(found) <= set(told)
    assert len(told) == len(set(told))


def test_another_release_in_the_container_has_differences_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    only_old = set(differences("localstack:docker", "4.9.2")) - set(
        differences("localstack:docker", "4.14.0")
    )
    assert only_old
    for image, there in (("localstack/localstack:4.9.2", True), ("localstack/localstack:4.14.0", False)):
        monkeypatch.setenv("LOCALSTACK_IMAGE", image)
        told = registry.capabilities("localstack:docker").differs_from_aws
        assert (only_old <= set(told)) is there


@pytest.mark.parametrize(("image", "told"), [("4.14.0", False), ("2026.3.0", True), ("latest", False)])
def test_a_release_without_our_corrections_says_so(
    image: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALSTACK_IMAGE", f"localstack/localstack-pro:{image}")
    found = registry.capabilities("localstack:docker").differs_from_aws
    assert any("Floodgate's corrections are for LocalStack" in sentence for sentence in found) is told


def test_nothing_differs_from_aws_on_aws() -> None:
    assert registry.capabilities("aws").differs_from_aws == ()


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("localstack/localstack:4.14.0", "4.14.0"),
        ("registry:5000/localstack:4.14.0@sha256:0123", "4.14.0"),
        ("localstack/localstack:latest", None),
        ("localstack/localstack@sha256:0123", None),
    ],
)
def test_release_that_an_image_names(reference: str, version: str | None) -> None:
    assert version_in(reference) == version
