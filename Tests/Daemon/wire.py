"""A bare DEALER that may have any number of requests in flight, for tests of load and time."""

from __future__ import annotations

import time

import zmq

from daemon import PATIENCE
from frames import Reply, control, message


def status():
    """A request for the daemon's status."""
    return control("status")


class Wire:
    """Numbers what it sends from 1; `options` are options of its socket."""

    def __init__(self, endpoint, **options):
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.reconnect_ivl = 10
        self.socket.sndhwm = self.socket.rcvhwm = 100_000
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.connect(endpoint)
        self.sent = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def send(self, call, flags=0):
        """Sends a Message under the next number; the number."""
        call.request.id = self.sent + 1
        self.socket.send_multipart(call.frames, flags)
        self.sent += 1
        return self.sent

    def receive(self, seconds=PATIENCE):
        """The next reply, or None."""
        if not self.socket.poll(int(seconds * 1000)):
            return None
        reply = Reply(self.socket.recv_multipart())
        reply.at = time.monotonic()
        return reply

    def ask(self, call, seconds=PATIENCE):
        """The reply to one request; earlier ones must have been taken."""
        number = self.send(call)
        reply = self.receive(seconds)
        assert reply is not None, "no reply"
        assert reply.id == number
        return reply

    def take(self, count, seconds=PATIENCE):
        """That many replies in the order in which they come."""
        replies = []
        while len(replies) < count:
            reply = self.receive(seconds)
            assert reply is not None, f"{len(replies)} of {count} replies came"
            replies.append(reply)
        assert len({reply.id for reply in replies}) == count, "answered twice"
        return replies

    def status(self):
        """The daemon's status; earlier replies must have been taken."""
        self.socket.send_multipart(status())
        reply = self.receive()
        assert reply is not None, "no reply"
        assert reply.message.WhichOneof("kind") == "daemon", reply.message
        return reply.message.daemon


def tree(features, **options):
    """A score request for the tree model, its tensor in a frame."""
    return message("er-nr-tree", "features", features, framed=True, **options)


def cnn(hits, **options):
    """A score request for the position model, its tensor in a frame."""
    return message("position-cnn", "hits", hits, framed=True, **options)
