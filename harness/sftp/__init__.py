"""An SFTP front end that behaves as AWS Transfer Family does on S3, in a process of its own.

    python -m harness.sftp CONFIG.json

Reading order: `config` → `identity` (who may log in) → `providers` (where users come from) → `authentication`
(what a connection has proved), `attempts`, `throttle` → `connection` (one SSH connection) → `protocol` (SFTP
v3 packets) → `filesystem` (operations) → `directories` (path → bucket and key), `authorisation` and
`policies`, `handles` (open files) → `uploads`, `downloads`, `listing` → `storage` (S3). What happened goes to
`journal` (uploads.jsonl) and to `records` (logs, events, metrics).

Not here: the Transfer API, which is `harness.transfer`.
"""
