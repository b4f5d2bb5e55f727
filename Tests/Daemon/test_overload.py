"""Refusals of what cannot be answered now: full queues, deadlines that pass, a drain.

By real frames to edited copies of the reference models.
"""

from __future__ import annotations

import time

import pytest

from frames import PATIENCE, Peer, control, message, refused, variant
from peers import peer_of_running  # noqa: F401
from slow import slow

# Events that wait are held for a second before they run: a queue that is full stays full.
PATIENT = ("maximum_rows: 1024}", "maximum_rows: 1024, delay_microseconds: 1000000}")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    variant(folder, "er-nr-tree", "tree")
    queue = ("task: binary", "task: binary\nqueue: {requests: 2}")
    variant(folder, "er-nr-tree", "tree-patient", PATIENT, queue)
    bytes_limit = ("task: anomaly", "task: anomaly\nqueue: {mebibytes: 1}")
    variant(folder, "pattern-autoencoder", "autoencoder-small", bytes_limit)
    return folder


def test_a_queue_full_of_requests(peer, features):
    for number in range(5):
        peer.send(message("tree-patient", "features", features[:20], id=number))
    replies = peer.take(5)
    for number in (2, 3, 4):
        refused(replies[number], "OVERLOADED", "", "2 requests wait", "allowed are 2")
        assert replies[number].status.retry_after_microseconds >= 1000
    known = peer.ask(message("tree", "features", features[:20])).bits()
    assert replies[0].bits() == replies[1].bits() == known


def test_a_queue_full_of_bytes(peer, sample):
    hits = sample["hits"]
    peer.send(message("autoencoder-small", "hits", hits, id=1, framed=True))
    peer.send(message("autoencoder-small", "hits", hits[:1], id=2))
    replies = peer.take(2)
    refused(replies[2], "OVERLOADED", "", "bytes wait", "allowed are 1048576")
    assert replies[2].status.retry_after_microseconds >= 1000
    # Larger than the whole queue, yet alone in it.
    assert replies[1].output("score").shape == (20_000,)


def test_a_wait_for_more_events_ends_before_a_deadline(peer, features):
    peer.send(message("tree-patient", "features", features[:20], id=1))
    pressed = message("tree-patient", "features", features[:20], id=2)
    pressed.score.deadline_microseconds = 700_000
    peer.send(pressed)
    replies = peer.take(2)
    assert replies[1].code == replies[2].code == "OK"
    assert replies[1].bits() == replies[2].bits()
    # Not the second that events may be held for.
    assert replies[1].message.score.timing.queue_nanoseconds < 1_000_000_000


def test_too_many_control_requests(peer):
    for number in range(300):
        peer.send(control("reload", id=number))
    replies = peer.take(300)
    over = [reply for reply in replies.values() if reply.code == "OVERLOADED"]
    assert over and all(reply.code in ("OK", "OVERLOADED") for reply in replies.values())
    refused(over[0], "OVERLOADED", "", "32 control requests run", "allowed are 32")
    assert over[0].status.retry_after_microseconds >= 1000


def test_too_many_requests_and_waits_without_a_deadline(make_daemon, slow_models, turns):
    running = make_daemon(slow_models, maximum_in_flight=2, maximum_wait_milliseconds=100)
    with Peer(running.endpoint) as peer:
        for number in range(3):
            peer.send(slow(turns, id=number))
        peer.send(control("status", id=9))
        replies = peer.take(4)
        refused(replies[2], "OVERLOADED", "", "2 requests are held", "allowed are 2")
        assert replies[2].status.retry_after_microseconds >= 1000
        assert replies[9].message.daemon.ready
        said = ("not answered within", "100000 microseconds")
        for number in (0, 1):
            refused(replies[number], "DEADLINE_EXCEEDED", "deadline_microseconds", *said)


def test_a_daemon_that_drains(make_daemon, models, features):
    running = make_daemon(models)
    with Peer(running.endpoint) as peer:
        peer.send(message("tree-patient", "features", features[:1], id=0))
        # Read behind the other: that one is accepted.
        assert peer.ask(control("status", id=1)).code == "OK"
        running.process.terminate()
        replies, number, end = {}, 1, time.monotonic() + PATIENCE
        while running.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            number += 1
            time.sleep(0.005)
            peer.send(message("tree", "features", features[:1], id=number))
            reply = peer.receive(0.02)
            if reply is not None:
                replies[reply.id] = reply
        while (reply := peer.receive(0.5)) is not None:
            replies[reply.id] = reply
        assert running.process.returncode == 0
        assert replies[0].code == "OK"
        refusals = [reply for reply in replies.values() if reply.code != "OK"]
        assert refusals
        for reply in refusals:
            refused(reply, "UNAVAILABLE", "", "daemon is draining")
            assert reply.status.retry_after_microseconds >= 1000
