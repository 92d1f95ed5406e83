"""An SFTP front end that behaves as AWS Transfer Family does on S3, in a process of its own.

    python -m harness.sftp CONFIG.json

Reading order: `config` → `identity` (who may log in) → `authentication` (keys, attempts) → `connection`
(one SSH connection) → `protocol` (SFTP v3 packets) → `filesystem` (operations) → `directories` (path →
bucket and key), `authorisation`, `handles` (open files) → `uploads`, `downloads`, `listing` → `storage`
(S3). What happened goes to `journal` (uploads.jsonl) and `session_log` (Transfer Family's JSON lines).

Not here: PATH homes, policies, custom identity providers, the Transfer API, FTPS.
"""
