"""The hot path between asyncssh's connection and our SFTP handler: fewer copies, and bounds on both buffers.

asyncssh keeps key exchange, login, channels and every check of the protocol. What is replaced, for each
connection by itself, is how the bytes of a packet are cut out, deciphered, put together and sent:

| file | in place of |
|---|---|
| `ciphers.py` | asyncssh's cipher shims, which make a new key schedule or several copies for each packet |
| `receiving.py` | its receive buffer, copied twice for each packet in it, and without a bound during login |
| `sending.py` | its assembly of a packet, and of channel data, in about ten copies |
| `backpressure.py` | what it does when a client does not read: nothing |
| `requests.py` | its stream reader, for the requests of one SFTP channel |
| `answers.py` | one packet for each answer |

`tests/unit/sftp/wire` pins what is used of asyncssh's inside. Figures: `benchmarks/README.md`.
"""
