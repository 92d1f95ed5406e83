"""Floodgate's plugin for LocalStack. Imports LocalStack (only in its border modules), never the harness."""
