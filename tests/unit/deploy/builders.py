"""Small templates, and capabilities of engines that lack things."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import Prepared, prepare
from harness.engines.base import Capabilities

KEPT = frozenset({"AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::CloudWatch::Alarm"})
LACKING = Capabilities(resource_types=KEPT)
BUCKETS = {name: {"Type": "AWS::S3::Bucket"} for name in ("Source", "Destination")}
OUTPUTS = {
    "SourceBucket": {"Value": {"Ref": "Source"}},
    "DestinationBucket": {"Value": {"Ref": "Destination"}},
}


def prepared(
    tmp_path: Path,
    *,
    capabilities: Capabilities = LACKING,
    parameters: dict[str, str] | None = None,
    **sections: Any,
) -> Prepared:
    """Prepare a user's template that consists of two buckets and the given sections."""
    path = write(tmp_path, **sections)
    return prepare(PipelineOptions(template=path, parameters=parameters or {}), capabilities, stack_name="s")


def write(tmp_path: Path, **sections: Any) -> Path:
    """Write such a template."""
    resources = {**BUCKETS, **sections.pop("Resources", {})}
    outputs = {**OUTPUTS, **sections.pop("Outputs", {})}
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": resources, "Outputs": outputs, **sections}))
    return path
