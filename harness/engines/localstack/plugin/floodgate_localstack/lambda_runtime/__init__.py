"""Runs Lambda functions in warm child processes that speak the Lambda Runtime API, without Docker."""
