"""Puts the pipeline on an engine. Reads `pipeline/` as data and never imports its code."""

from harness.deploy.deployment import Deployment, deploy, plan

__all__ = ["Deployment", "deploy", "plan"]
