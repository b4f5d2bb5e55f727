"""SIGTERM and SIGINT: what was accepted is answered, what is new is refused, within a limit."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import zmq

from daemon import BIN, PATIENCE, SAMPLE, wait_until
from slow import slow
from vigil.wire import wire
from wire import Wire, cnn, tree

# Sends headers that take long to refuse, without ever waiting, and reads the refusals: score
# requests of 5000 inputs.
FLOOD = """
import sys, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect(sys.argv[1])
frame = zmq.Frame(bytes.fromhex("0807" "12904e" + 5000 * "1a00"))
while True:
    if socket.poll(100, zmq.POLLOUT):
        socket.send(frame, copy=False)
    while socket.poll(0):
        socket.recv()
"""


class Pressure(threading.Thread):
    """Keeps requests of mixed sizes in flight until told to stop and nothing comes any more."""

    WINDOW = 24

    def __init__(self, endpoint, features, hits, seed):
        super().__init__(daemon=True)
        self._endpoint = endpoint
        self._features = features
        self._hits = hits
        self._random = np.random.default_rng(seed)
        self.stopping = threading.Event()
        self.sent = 0
        self.replies = []
        self.failure = None

    def run(self):
        try:
            self._run()
        except Exception as error:  # Reported by the test's own thread.
            self.failure = error

    def _run(self):
        with Wire(self._endpoint) as peer:
            while True:
                # On to the refusals of the drain too: a client does not know of it.
                while not self.stopping.is_set() and self.sent - len(self.replies) < self.WINDOW:
                    with suppress(zmq.Again):
                        peer.send(self._call(), zmq.NOBLOCK)
                    self.sent = peer.sent
                reply = peer.receive(0.5)
                if reply is not None:
                    self.replies.append(reply)
                elif self.stopping.is_set():
                    return

    def _call(self):
        rows = int(self._random.choice([1, 3, 17, 256, 700, 2048]))
        first = int(self._random.integers(0, 20_000 - rows))
        priority = int(self._random.choice([wire.TRIGGER, wire.STANDARD, wire.BULK]))
        part = slice(first, first + rows)
        if self._random.random() < 0.5:
            return cnn(self._hits[part], priority=priority)
        return tree(self._features[part], priority=priority)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_drain_under_load_answers_everything_accepted(number, make_daemon, sample, features):
    running = make_daemon(drain_seconds=20)
    endpoints = [running.endpoint, running.ipc, running.endpoint, running.ipc]
    crowd = [
        Pressure(endpoint, features, sample["hits"], seed)
        for seed, endpoint in enumerate(endpoints)
    ]
    for client in crowd:
        client.start()
    wait_until(lambda: all(len(client.replies) > 50 for client in crowd))
    before = [len(client.replies) for client in crowd]
    running.process.send_signal(number)
    code, took = running.ended()
    for client in crowd:
        client.stopping.set()
    for client in crowd:
        client.join(PATIENCE)
        assert not client.is_alive() and client.failure is None
    assert code == 0, running.log()
    assert took < 20
    for client, count in zip(crowd, before):
        ids = [reply.id for reply in client.replies]
        assert len(set(ids)) == len(ids), "a request was answered twice"
        assert set(ids) <= set(range(1, client.sent + 1))
        # A connection is read in order: what was sent before an answered request was read.
        assert set(range(1, max(ids) + 1)) <= set(ids), "a request was lost"
        assert {reply.code for reply in client.replies} <= {"OK", "UNAVAILABLE"}
        refused = [reply for reply in client.replies if reply.code == "UNAVAILABLE"]
        assert all("draining" in reply.status.message for reply in refused)
        answered = [reply.id for reply in client.replies if reply.code == "OK"]
        first = min((reply.id for reply in refused), default=client.sent + 1)
        assert max(answered) < first, "accepted after the drain began"
        # Everything was in order until the signal.
        assert all(reply.code == "OK" for reply in client.replies[:count])
    assert "draining" in running.log() and "stopped" in running.log()


def drained_beside(commands, running, seconds):
    """Exit code and seconds of a drain while these commands load the daemon."""
    load = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for words in commands
    ]
    try:
        with Wire(running.endpoint) as peer:
            wait_until(lambda: peer.status().requests > 5_000)
        assert all(process.poll() is None for process in load)
        running.process.send_signal(signal.SIGTERM)
        return running.ended(seconds + PATIENCE)
    finally:
        for process in load:
            process.kill()
            process.wait()


def test_a_drain_ends_although_load_generators_go_on(make_daemon):
    running = make_daemon(drain_seconds=10)
    command = [
        f"{BIN}/vigil", "bench", "er-nr-tree", "--data", str(SAMPLE), "--window", "256",
        "--requests", "100000000", "-e", running.endpoint,
    ]  # fmt: skip
    code, took = drained_beside([command] * 3, running, 10)
    assert code == 0, f"after {took:.1f} s: {running.log()}"


def test_a_drain_ends_although_a_client_sends_without_a_pause(make_daemon):
    """Nothing was accepted, so nothing is worth waiting for."""
    running = make_daemon(drain_seconds=10)
    command = [sys.executable, "-c", FLOOD, running.endpoint]
    code, took = drained_beside([command] * 2, running, 10)
    assert code == 0, f"after {took:.1f} s: {running.log()}"
    assert took < 8


def holding(peer, call, running):
    """Sends `call` and waits until the daemon has taken it."""
    number = peer.send(call)
    with Wire(running.endpoint) as other:
        wait_until(lambda: other.status().in_flight == 1)
    return number


def test_a_drain_finishes_slow_work_and_says_so(make_daemon, slow_models, turns):
    running = make_daemon(slow_models)
    with Wire(running.endpoint) as peer, Wire(running.endpoint) as other:
        held = holding(peer, slow(2.5 * turns), running)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not other.status().ready)
        assert "draining" in other.status().reasons
        refused = other.ask(slow(1))
        assert refused.code == "UNAVAILABLE" and "draining" in refused.status.message
        assert refused.status.retry_after_microseconds > 0
        reply = peer.receive()
        assert (reply.id, reply.code) == (held, "OK")
        code, took = running.ended()
        assert code == 0 and took < 10


def test_a_deadline_is_kept_during_a_drain(make_daemon, slow_models, turns):
    running = make_daemon(slow_models)
    with Wire(running.endpoint) as peer:
        held = holding(peer, slow(1.5 * turns), running)
        late = peer.send(slow(1, deadline_microseconds=700_000))
        last = peer.send(slow(3))
        with Wire(running.endpoint) as other:
            wait_until(lambda: other.status().in_flight == 3)
        running.process.send_signal(signal.SIGTERM)
        replies = peer.take(3)
        came = [(reply.id, reply.code) for reply in replies]
        assert came == [(late, "DEADLINE_EXCEEDED"), (held, "OK"), (last, "OK")]
        assert replies[2].output("score").tolist() == [3.0]
        assert running.ended()[0] == 0


def test_a_second_signal_ends_at_once(make_daemon, slow_models, turns):
    running = make_daemon(slow_models, drain_seconds=600)
    with Wire(running.endpoint) as peer:
        holding(peer, slow(60 * turns), running)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in running.log())
        time.sleep(0.3)
        assert running.process.poll() is None
        running.process.send_signal(signal.SIGTERM)
        code, took = running.ended()
    assert code == 1 and took < 5
    assert "before accepted work was finished" in running.log()


def test_a_drain_does_not_last_beyond_its_limit(make_daemon, slow_models, turns):
    running = make_daemon(slow_models, drain_seconds=1)
    with Wire(running.endpoint) as peer:
        holding(peer, slow(60 * turns), running)
        running.process.send_signal(signal.SIGTERM)
        code, took = running.ended()
    assert code == 1 and 0.8 < took < 6
    assert "not finished within the drain limit" in running.log()


def test_a_reload_while_draining_does_no_harm(make_daemon, slow_models, turns):
    running = make_daemon(slow_models)
    with Wire(running.endpoint) as peer:
        held = holding(peer, slow(1.5 * turns), running)
        running.process.send_signal(signal.SIGTERM)
        running.process.send_signal(signal.SIGHUP)
        reply = peer.receive()
        assert (reply.id, reply.code) == (held, "OK")
    assert running.ended()[0] == 0


def test_a_signal_while_models_load_ends_it(make_daemon):
    """Whatever the loading was at: engines must not be torn down under it."""
    for delay in np.linspace(0, 0.4, 15):
        running = make_daemon(wait=False)
        wait_until(lambda: "listening" in running.log())
        time.sleep(delay)
        running.process.send_signal(signal.SIGTERM)
        code, took = running.ended()
        assert code == 0, f"after {delay:.3f} s: {running.log()}"
        assert took < 10
