"""Looks for what crashed runs have left."""
