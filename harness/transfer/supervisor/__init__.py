"""Runs the servers of the control plane: for each one that is online, worker processes on one port.

`process` is the whole, `server` one server, `crew` its workers, `worker` one of them, `listening` their
sockets. Workers are `python -m harness.sftp`; they are only ever started, never imported.
"""
