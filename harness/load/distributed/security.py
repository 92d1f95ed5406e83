"""Only who knows the token may talk to the master, and nobody else can read what is said.

Locust's sockets are plain TCP, and a job has the customers' private keys in it. ZeroMQ can do better by
itself: with CURVE (https://rfc.zeromq.org/spec/26/) everything is encrypted, and who does not know the
server's public key cannot make the first message of a connection. That key and its secret half come from the
token, so that the token is all that two machines have to share.
"""

from __future__ import annotations

from collections.abc import Callable

import zmq
from locust.rpc import zmqrpc

from harness.load.distributed.keys import secret_key_of


def secure_sockets(token: str) -> None:
    """Have every socket that Locust makes in this process speak CURVE with the keys of the token."""
    server_secret = secret_key_of(token)
    server_public = zmq.curve_public(server_secret)
    plain: Callable[..., None] = zmqrpc.BaseSocket.__init__

    def secured(self: zmqrpc.BaseSocket, sock_type: int, ipv4_only: bool) -> None:
        plain(self, sock_type, ipv4_only)
        if sock_type == zmq.ROUTER:
            self.socket.setsockopt(zmq.CURVE_SERVER, 1)
            self.socket.setsockopt(zmq.CURVE_SECRETKEY, server_secret)
        else:
            own_public, own_secret = zmq.curve_keypair()
            self.socket.setsockopt(zmq.CURVE_SERVERKEY, server_public)
            self.socket.setsockopt(zmq.CURVE_PUBLICKEY, own_public)
            self.socket.setsockopt(zmq.CURVE_SECRETKEY, own_secret)

    zmqrpc.BaseSocket.__init__ = secured
