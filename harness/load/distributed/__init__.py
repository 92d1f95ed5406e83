"""Load from several processes, on this machine or on others: Locust's master and its workers.

The master offers nothing itself. It tells each worker which part of the schedule is its own, brings the
workers' lines into one ledger file for each, and says what became of a worker that was lost. Starting users,
heartbeats, statistics and their merging are Locust's. What is added are custom messages (`messages.py`), each
of which may be lost with a connection and is therefore asked for again by the worker.
"""
