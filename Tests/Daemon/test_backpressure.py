"""Clients that do not read, that vanish, or that ask for more than there is room for."""

import signal
import threading
import time
from contextlib import suppress

import pytest
import zmq

from clients import AsyncJob, BlockingJob, truth, under_load
from daemon import PATIENCE, free_port, wait_until
from frames import message
from vigil.wire import wire
from wire import Wire, cnn, tree

BACKLOG = 1 << 20
ROWS = 2048


def metric(running, name):
    """The value of a metric of the transport."""
    return running.metric(name, 'transport="zeromq"')


def large(hits):
    """A request whose reply has half a MiB."""
    call = message("pattern-autoencoder", "hits", hits[:ROWS], framed=True, raw=True)
    call.score.outputs.append("pulls")
    return call


@pytest.fixture
def small_daemon(make_daemon):
    """vigild that keeps little for clients that do not read."""
    return make_daemon(
        http_port=free_port(), client_backlog_mebibytes=1, high_water_mark=4,
        linger_milliseconds=10_000,
    )  # fmt: skip


class Deaf:
    """A client that sends large requests from a thread and does not read."""

    def __init__(self, running, hits):
        self._running = running
        self._call = large(hits)
        self._stopping = threading.Event()
        self.peer = Wire(running.endpoint, rcvhwm=1, sndhwm=1000, rcvbuf=65_536)
        self._thread = threading.Thread(target=self._flood, daemon=True)

    def _flood(self):
        while not self._stopping.is_set() and self.peer.sent < 250:
            with suppress(zmq.Again):
                self.peer.send(self._call, zmq.NOBLOCK)
            time.sleep(0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.peer.__exit__()

    def stop(self):
        """Sends no more."""
        self._stopping.set()
        self._thread.join()

    def wait_discarded(self):
        """Waits until the daemon discards requests of this client."""
        wait_until(lambda: metric(self._running, "vigil_discarded_requests_total") > 5)
        assert metric(self._running, "vigil_discarded_clients_total") == 1


def test_a_client_that_does_not_read_stops_nobody(small_daemon, sample, features):
    with Deaf(small_daemon, sample["hits"]) as deaf, Wire(small_daemon.endpoint) as peer:
        slowest = 0.0
        for turn in range(300):
            began = time.monotonic()
            reply = peer.ask(tree(features[turn : turn + 8], priority=wire.TRIGGER))
            assert reply.code == "OK"
            slowest = max(slowest, reply.at - began)
            assert metric(small_daemon, "vigil_backlog_bytes") <= BACKLOG
            time.sleep(0.002)
        assert slowest < 2
        deaf.wait_discarded()
        deaf.stop()
        # It reads again: each reply is whole, none came twice, and it is told.
        codes, ids = set(), []
        while (reply := deaf.peer.receive(2)) is not None:
            codes.add(reply.code)
            ids.append(reply.id)
            if reply.code == "OK":
                assert [len(frame) for frame in reply.tensors] == [ROWS * 61 * 4]
            else:
                assert "not read" in reply.status.message
        assert codes == {"OK", "OVERLOADED"}
        assert len(ids) == len(set(ids)) and set(ids) <= set(range(1, deaf.peer.sent + 1))
        assert deaf.peer.ask(tree(features[:1])).code == "OK"
        assert metric(small_daemon, "vigil_backlog_bytes") == 0


def test_what_a_client_does_not_read_does_not_fill_memory(small_daemon, sample, features):
    with Wire(small_daemon.endpoint) as peer:
        calls = [large(sample["hits"]) for _ in range(20)]
        for call in calls:
            peer.send(call)
        assert {reply.code for reply in peer.take(20)} == {"OK"}
        before = small_daemon.resident()
        with Deaf(small_daemon, sample["hits"]) as deaf:
            deaf.wait_discarded()
            wait_until(lambda: deaf.peer.sent == 250, 2 * PATIENCE)
            # The replies together have 119 MiB.
            assert small_daemon.resident() < before + 60
            assert peer.ask(tree(features[:1])).code == "OK"


def test_a_drain_waits_for_a_client_that_does_not_read_no_longer_than_the_linger_time(
    make_daemon, sample
):
    running = make_daemon(http_port=free_port(), high_water_mark=4, linger_milliseconds=1000)
    with Deaf(running, sample["hits"]) as deaf:
        wait_until(lambda: metric(running, "vigil_backlog_bytes") > 0)
        deaf.stop()
        with Wire(running.endpoint) as peer:
            wait_until(lambda: peer.status().in_flight == 0)
        running.process.send_signal(signal.SIGTERM)
        code, took = running.ended()
    assert code == 0, running.log()
    assert took < 10


@pytest.mark.parametrize("asks_again", [True, False])
def test_a_client_that_is_discarded_and_goes_away_is_forgotten(small_daemon, sample, asks_again):
    """Nothing can be sent to it any more: a drain must not wait the linger time for it."""
    call, hits = large(sample["hits"]), sample["hits"]
    longer = message("pattern-autoencoder", "hits", hits, framed=True, priority=wire.TRIGGER)
    with Wire(small_daemon.endpoint, rcvhwm=1, rcvbuf=65_536) as deaf:
        with Wire(small_daemon.endpoint) as peer, Wire(small_daemon.endpoint) as other:
            # Work ahead of theirs: all requests are read before the first reply is made.
            for _ in range(5):
                peer.send(longer)
            for _ in range(40):
                deaf.send(call)
            wait_until(lambda: metric(small_daemon, "vigil_discarded_clients_total") == 1)
            wait_until(lambda: other.status().in_flight == 0)
            assert {reply.code for reply in peer.take(5)} == {"OK"}
        if asks_again:
            before = metric(small_daemon, "vigil_discarded_requests_total")
            deaf.send(call)
            wait_until(lambda: metric(small_daemon, "vigil_discarded_requests_total") > before)
    time.sleep(0.5)
    small_daemon.process.send_signal(signal.SIGTERM)
    code, took = small_daemon.ended()
    assert code == 0, small_daemon.log()
    assert took < 7, "it waited for a client that is gone"


def test_a_client_that_goes_away_takes_its_waiting_replies_along(make_daemon, sample, features):
    running = make_daemon(http_port=free_port(), high_water_mark=4)
    with Deaf(running, sample["hits"]) as deaf:
        wait_until(lambda: metric(running, "vigil_backlog_bytes") > 4 << 20)
        deaf.stop()
    with Wire(running.endpoint) as peer:
        wait_until(lambda: peer.status().in_flight == 0)
        wait_until(lambda: metric(running, "vigil_backlog_bytes") == 0)
        assert metric(running, "vigil_unroutable_replies_total") > 0
        assert metric(running, "vigil_discarded_clients_total") == 0
        assert peer.ask(tree(features[:1])).code == "OK"


def test_clients_with_retries_get_everything_from_an_overloaded_daemon(
    make_daemon, sample, features
):
    running = make_daemon(maximum_in_flight=2)
    hits = sample["hits"]
    jobs = [
        AsyncJob(running.endpoint, "position-cnn", hits, retries=1000),
        AsyncJob(running.endpoint, "er-nr-tree", features, retries=1000),
        BlockingJob(running.endpoint, "position-cnn", hits, retries=1000),
    ]
    expected = [truth(running.endpoint, job.model, job.events) for job in jobs]
    with running.client() as client, Wire(running.endpoint) as peer:
        before = client.status().refusals

        def disturb():
            for _ in range(10):
                peer.send(cnn(hits, priority=wire.BULK))
            codes = [reply.code for reply in peer.take(10, 2 * PATIENCE)]
            assert "OVERLOADED" in codes and set(codes) <= {"OK", "OVERLOADED"}
            disturbances.append(codes.count("OVERLOADED"))

        disturbances = []
        under_load(jobs, expected, disturb)
        assert client.status().refusals > before + disturbances[0], "no client was refused"
