"""A hundred thousand damaged messages to one daemon, and what it is like afterwards.

Valid requests of every kind are mutated by a seeded generator: bits, lengths, numbers, cuts,
splices, frames dropped, repeated, moved, added, blown up. Every message gets one reply. Bytes
that are no ZeroMQ messages at all come from bare TCP connections.
"""

from __future__ import annotations

import random
import socket
import struct
import time
from collections import Counter
from math import prod
from pathlib import Path

import numpy as np
import pytest
import zmq

from damage import NUMBERS, Damage, ragged, valid_messages
from daemon import Daemon, copy_models
from frames import FEATURES, PATIENCE, Peer, Reply, control, message, wire
from small_models import write_small_models

MESSAGES = 100_000
SEED = 20_261_125
WARM = 10_000
PROBE_EVERY = 2_000
WINDOW = 128
GROWTH_MEBIBYTES = 200
SIZES = {wire.FLOAT32: 4, wire.UINT8: 1}


# MARK: The run


class Attack:
    """Sends damaged messages over several sockets and reads every reply as it comes."""

    def __init__(self, running, damage):
        self.running = running
        self.damage = damage
        self.context = zmq.Context()
        self.poller = zmq.Poller()
        self.waiting = {}
        for endpoint in (running.endpoint, running.ipc) * 3:
            one = self.context.socket(zmq.DEALER)
            one.linger, one.sndhwm, one.rcvhwm = 0, 10_000, 10_000
            one.connect(endpoint)
            self.poller.register(one, zmq.POLLIN)
            self.waiting[one] = 0
        self.codes, self.fields, self.delimited = Counter(), set(), 0

    def send(self, count):
        """Sends so many, never more than the window ahead of the replies."""
        sockets = list(self.waiting)
        for number in range(count):
            one = sockets[number % len(sockets)]
            one.send_multipart(self.damage.message(), copy=True)
            self.waiting[one] += 1
            while self.waiting[one] >= WINDOW:
                self.read()

    def read(self, seconds=PATIENCE):
        """Reads what has come; waits until something has."""
        ready = self.poller.poll(seconds * 1000)
        alive = self.running.process.poll() is None
        assert alive, f"the daemon ended: {self.running.log()[-2000:]}"
        assert ready, f"no reply for {seconds} s, {sum(self.waiting.values())} are missing"
        for one, _ in ready:
            for _ in range(64):
                try:
                    frames = one.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self.waiting[one] -= 1
                self.check(Reply(frames))

    def check(self, reply):
        """A reply is whole: a code, and bytes for every shape."""
        self.codes[reply.code] += 1
        self.fields.add(reply.status.field)
        self.delimited += reply.has_delimiter
        score = reply.message.score
        assert (reply.code == "OK") == (reply.message.WhichOneof("kind") is not None)
        for entry in score.outputs:
            for tensor in (entry.value, entry.lower, entry.upper, entry.flags):
                if tensor.shape:
                    framed = tensor.HasField("frame")
                    data = reply.tensors[tensor.frame - 1] if framed else tensor.data
                    assert len(data) == prod(tensor.shape) * SIZES[tensor.type]

    def finish(self):
        """Reads until nothing is missing."""
        while sum(self.waiting.values()):
            self.read()
        self.context.destroy(linger=0)


def known_messages(sample):
    """One request a model, each with the bits to compare."""
    features = np.stack([sample[name] for name in FEATURES], axis=1)[100:133]
    hits = sample["hits"][100:133]
    return [
        message("er-nr-tree", "features", features, prior=0.02),
        message("er-nr-mlp", "features", features, framed=True),
        message("position-cnn", "hits", hits, coverage=0.8),
        message("pattern-autoencoder", "hits", hits, framed=True),
        ragged(True),
    ]


def settle(peer):
    """Waits until nothing is held any more, what nobody waits for included."""
    end = time.monotonic() + PATIENCE
    while (status := peer.ask(control("status")).message.daemon).in_flight:
        assert time.monotonic() < end, status
        time.sleep(0.02)
    assert status.ready, status


def resident_mebibytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A daemon on the reference models and a ragged one, with small frames."""
    folder = tmp_path_factory.mktemp("models")
    names = ("er-nr-tree", "er-nr-mlp", "position-cnn", "pattern-autoencoder")
    write_small_models(copy_models(folder, *names))
    with Daemon(folder, maximum_frame_mebibytes=1) as daemon:
        yield daemon


def test_a_hundred_thousand_damaged_messages(running, sample):
    pid = running.process.pid
    known = known_messages(sample)
    with Peer(running.endpoint) as peer:
        expected = [peer.ask(one).bits() for one in known]
        attack = Attack(running, Damage(valid_messages(sample), SEED))
        sent = 0
        while sent < MESSAGES:
            attack.send(PROBE_EVERY)
            sent += PROBE_EVERY
            # Among damaged messages in flight, a good one is answered as ever.
            assert [peer.ask(one).bits() for one in known] == expected
            if sent == WARM:
                before = resident_mebibytes(pid)
        attack.finish()
        growth = resident_mebibytes(pid) - before
        print(f"{attack.codes} {len(attack.fields)} fields, {growth:.0f} MiB more")
        assert sum(attack.codes.values()) == MESSAGES
        assert running.process.poll() is None and running.process.pid == pid
        settle(peer)
        assert [peer.ask(one).bits() for one in known] == expected
        assert growth < GROWTH_MEBIBYTES
    # The damage reaches every depth: much is refused in many ways, much is answered.
    assert attack.codes["OK"] > MESSAGES / 20 and attack.codes["INVALID"] > MESSAGES / 10
    assert attack.codes["NOT_FOUND"] > 100 and len(attack.fields) > 20
    assert attack.codes["INTERNAL"] == 0 and attack.delimited > 1000


def test_bytes_that_are_no_messages(running, sample):
    """Bare TCP: noise, greetings that break off, and frames of impossible length."""
    source = random.Random(SEED)
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x00NULL" + bytes(16) + b"\x00" + bytes(31)
    ready = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
    known = known_messages(sample)[0]
    with Peer(running.endpoint) as peer:
        expected = peer.ask(known).bits()
        for number in range(300):
            with socket.create_connection(("127.0.0.1", running.port), PATIENCE) as bare:
                content = greeting + ready if number % 3 else b""
                if number % 3 == 1:
                    content = content[: source.randrange(len(content) + 1)]
                if number % 4 == 0:
                    content += b"\x02" + struct.pack(">Q", source.choice(NUMBERS))
                try:
                    bare.sendall(content + source.randbytes(source.choice((0, 9, 100, 5000))))
                except ConnectionError:
                    pass
            if number % 50 == 0:
                assert peer.ask(known).bits() == expected
        assert peer.ask(known).bits() == expected
        assert peer.ask(control("status")).message.daemon.ready


def test_frames_past_the_limit_and_messages_that_never_end(running, sample):
    pid = running.process.pid
    known = known_messages(sample)[0]
    with Peer(running.endpoint) as peer:
        expected, before = peer.ask(known).bits(), resident_mebibytes(pid)
        for number in range(60):
            with Peer(running.endpoint) as other:
                if number % 2:
                    other.send([*known.frames, bytes((1 << 20) + 1 + number)])
                else:
                    for _ in range(20):
                        other.socket.send(bytes(50_000), zmq.SNDMORE)
                other.socket.poll(20)
        time.sleep(0.5)
        assert peer.ask(known).bits() == expected
        assert resident_mebibytes(pid) - before < GROWTH_MEBIBYTES
        assert running.process.poll() is None
