"""Looks at what the engines need besides the machine."""
