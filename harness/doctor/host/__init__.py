"""Looks at the machine itself."""
