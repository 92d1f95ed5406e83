"""Copies an upload to the destination bucket, exactly once."""
