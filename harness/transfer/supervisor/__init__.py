"""Runs the servers of the control plane: for each one that is online, worker processes on its ports.

`process` is the whole, `server` one server, `door` one of its ports, `crew` the workers behind it, `worker`
one of them, `listening` their sockets. Workers are `python -m harness.sftp` and `harness.ftp`; they are only
ever started, never imported.
"""
