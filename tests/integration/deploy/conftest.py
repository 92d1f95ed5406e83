"""Deployments on the session's engine. Each test names its stack, and no test stops the engine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.aws import client
from harness.deploy import Deployment, PipelineOptions, deploy
from harness.deploy.record import DeploymentRecord
from harness.deploy.removal import Removal, find
from harness.engines.base import EngineInfo
from harness.engines.localstack.host import LocalStackHost

OWN = Path(__file__).parent / "own_pipeline"
OWN_PIPELINE = PipelineOptions(template=OWN / "template.yaml", handlers=OWN / "handlers")


class Deployed:
    """A deployed pipeline and the folder of its records."""

    def __init__(self, engine: EngineInfo, name: str, options: PipelineOptions, work_dir: Path) -> None:
        self.engine = engine
        self.name = name
        self.work_dir = work_dir
        self.result: Deployment = deploy(
            engine,
            LocalStackHost().capabilities(),
            stack_name=name,
            options=options,
            work_dir=work_dir,
            progress=print,
        )

    def client(self, service: str) -> Any:
        return client(service, self.engine)

    def remove(self) -> None:
        """Remove it as `floodgate down` does."""
        record = DeploymentRecord.read(self.work_dir)
        found = find(self.client, self.name)
        assert record is not None
        assert found is not None
        removal = Removal(self.client, print)
        removal.remove_api_created(record)
        assert removal.remove(found) == []
        removal.remove_artifacts(record.artifact_folder, self.engine.account_id, self.engine.region)


Deploy = Callable[[PipelineOptions], Deployed]


@pytest.fixture
def deploying(localstack: EngineInfo, tmp_path: Path) -> Deploy:
    """Deploy under a name of its own."""

    def make(options: PipelineOptions) -> Deployed:
        name = f"dep-{uuid.uuid4().hex[:8]}"
        return Deployed(localstack, name, options, tmp_path / name)

    return make


@pytest.fixture(scope="module")
def own(localstack: EngineInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The user's own pipeline, one for a module; from a copy, so that tests may change its code."""
    folder = tmp_path_factory.mktemp("own")
    for source in (OWN / "template.yaml", *(OWN / "handlers").iterdir()):
        if source.is_file():
            target = folder / source.relative_to(OWN)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(source.read_bytes())
    options = PipelineOptions(template=folder / "template.yaml", handlers=folder / "handlers")
    deployed = Deployed(localstack, f"own-{uuid.uuid4().hex[:8]}", options, folder / "work")
    yield deployed
    deployed.remove()
