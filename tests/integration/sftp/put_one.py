"""Uploads one small file and goes: `python -m tests.integration.sftp.put_one PORT KEY_FILE NAME`."""

from __future__ import annotations

import sys

import paramiko


def main(port: str, key_file: str, name: str) -> None:
    transport = paramiko.Transport(("127.0.0.1", int(port)))
    transport.connect(username="alice", pkey=paramiko.Ed25519Key.from_private_key_file(key_file))
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    with client.open(name, "w") as file:
        file.write("content")
    transport.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
