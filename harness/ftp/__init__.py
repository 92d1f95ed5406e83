"""FTPS and FTP as Transfer Family offers them, on the storage, logins, authorisation and records of `sftp`.

The wire is pyftpdlib's (asyncore, one thread for each session) and pyOpenSSL's. aioftp would fit an event
loop better, but its server (0.28) knows implicit TLS only, where Transfer Family has explicit TLS only
(`AUTH TLS`), and of Transfer Family's 36 commands it lacks AUTH, FEAT, LANG, MDTM, MFMT, MODE, NLST, NOOP,
OPTS, SIZE, STAT, STOU and STRU. What a session asks of S3 runs in the event loop of `sftp`'s code; its thread
waits.

https://docs.aws.amazon.com/transfer/latest/userguide/transfer-file.html
"""

import warnings

with warnings.catch_warnings():
    # asyncore is deprecated in Python 3.11 and gone in 3.12, where pyftpdlib brings its own copy.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pyftpdlib.handlers
    import pyftpdlib.servers  # noqa: F401
