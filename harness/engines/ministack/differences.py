"""How MiniStack behaves differently from AWS in what the pipeline uses, each item tried on 1.5.33."""

from __future__ import annotations

DIFFERS_FROM_AWS: tuple[str, ...] = (
    "Lambda functions run as processes of this machine, not in micro-VMs; memory limits are not enforced.",
)
"""Sentences for the report."""
