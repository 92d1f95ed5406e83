"""Puts a pipeline on an engine. Reads `pipeline/` as data and never imports its code."""

from harness.deploy.deployment import Deployment, StandIn, deploy
from harness.deploy.options import PipelineOptions
from harness.deploy.prepare import Prepared, prepare

__all__ = ["Deployment", "PipelineOptions", "Prepared", "StandIn", "deploy", "prepare"]
