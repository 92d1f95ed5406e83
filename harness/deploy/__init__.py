"""Puts the pipeline on an engine. Reads `pipeline/` as data and never imports its code."""

from harness.deploy.deployment import Deployment, StandIn, deploy, plan
from harness.deploy.options import PipelineOptions

__all__ = ["Deployment", "PipelineOptions", "StandIn", "deploy", "plan"]
