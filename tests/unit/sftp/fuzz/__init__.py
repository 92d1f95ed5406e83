"""Malformed SFTP requests into the real handler, over a channel in memory.

    python -m tests.unit.sftp.fuzz [--packets 1000000] [--seed 0] [--processes 4]      (`make fuzz`)

`seeds/` holds what real clients sent: the bytes of one SFTP channel each, from OpenSSH's sftp, paramiko,
asyncssh, lftp and rclone (put, get, list, rename, remove, folders, and much that is refused). Runs are
deterministic: the same seed gives the same packets. `test_fuzz.py` is a short slice of the same run.
"""
