"""Patches of LocalStack's Lambda service."""


def apply() -> None:
    """Apply the patches of this module."""
