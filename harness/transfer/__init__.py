"""The control plane of AWS Transfer Family: servers, users, keys, host keys, workflows and security policies.

`model` has the records, `store` keeps them in one SQLite file that the SFTP workers read, `policies` is the
catalogue of security policies, and `api` is the HTTP endpoint that the AWS CLI and the SDKs talk to.
"""
