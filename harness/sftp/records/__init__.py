"""What Transfer Family leaves behind about a session, besides the objects: log lines, events on the bus,
metrics and workflow executions.

Sessions report to `SessionRecords` and never wait: every outlet has a thread and a bounded queue.
"""
