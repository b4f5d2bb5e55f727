"""Deadlines are answered when they pass; priorities go first and BULK keeps its share."""

import time

import numpy as np

from daemon import wait_until
from slow import slow
from vigil.wire import wire
from wire import Wire

# How late an answer to a passed deadline may be on a loaded machine, seconds.
LATE = 1.0
TRANSPORT = 'transport="zeromq"'


def hold(running, peer, call):
    """Sends `call` and waits until the lane is busy with it."""
    rows = call.score.inputs[0].shape[0]
    number = peer.send(call)

    def runs():
        # In this order: what is in flight was put into the queue before.
        is_there = running.metric("vigil_in_flight_requests", TRANSPORT) > 0
        return is_there and running.metric("vigil_queue_rows", 'model="slow"') < rows

    wait_until(runs)
    return number


# MARK: Deadlines


def test_a_deadline_is_kept_while_a_long_request_runs_event_by_event(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as bulk, Wire(slow_daemon.endpoint) as trigger:
        hold(slow_daemon, bulk, slow(0.03 * turns, rows=80, priority=wire.BULK))
        for _ in range(5):
            began = time.monotonic()
            call = slow(1, priority=wire.TRIGGER, deadline_microseconds=50_000)
            reply = trigger.ask(call)
            assert reply.code in ("OK", "DEADLINE_EXCEEDED"), reply.status
            assert reply.at - began < LATE
        assert bulk.receive(0) is None, "the long request was too short for this test"
        assert bulk.take(1)[0].code == "OK"


def test_a_deadline_is_kept_while_one_micro_batch_runs(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as bulk, Wire(slow_daemon.endpoint) as trigger:
        hold(slow_daemon, bulk, slow(2.5 * turns, priority=wire.BULK))
        for _ in range(5):
            began = time.monotonic()
            call = slow(1, priority=wire.TRIGGER, deadline_microseconds=50_000)
            reply = trigger.ask(call)
            assert reply.code == "DEADLINE_EXCEEDED", reply.status
            assert reply.status.field == "deadline_microseconds"
            assert 0.045 < reply.at - began < LATE
        assert bulk.receive(0) is None, "the long request was too short for this test"
        assert bulk.take(1)[0].code == "OK"


def test_a_request_that_runs_is_answered_once_when_its_deadline_passes(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as peer:
        began = time.monotonic()
        reply = peer.ask(slow(1.5 * turns, deadline_microseconds=100_000))
        assert reply.code == "DEADLINE_EXCEEDED", reply.status
        assert 0.09 < reply.at - began < LATE
        assert peer.ask(slow(1)).code == "OK"
        assert peer.receive(0.3) is None, "answered twice"


def test_what_has_expired_is_not_computed(slow_daemon, turns):
    """Both in the queue and behind the event of a request that is running."""
    with Wire(slow_daemon.endpoint) as peer, Wire(slow_daemon.endpoint) as other:
        events = events_answered(other)
        running = slow(0.2 * turns, rows=1000, deadline_microseconds=1_000_000)
        hold(slow_daemon, peer, running)
        for _ in range(20):
            peer.send(slow(turns, deadline_microseconds=100_000))
        began = time.monotonic()
        assert {reply.code for reply in peer.take(21)} == {"DEADLINE_EXCEEDED"}
        assert peer.ask(slow(7)).output("score").tolist() == [7.0]
        # 220 s of work were given up.
        assert time.monotonic() - began < 10
        assert events_answered(other) == events + 1


def events_answered(peer):
    """Events that the daemon has answered."""
    return peer.status().events


def test_deadlines_are_answered_in_their_order_and_never_early(slow_daemon, turns):
    allowed = np.random.default_rng(11).permutation(np.linspace(0.1, 0.8, 40))
    with Wire(slow_daemon.endpoint) as peer:
        held = hold(slow_daemon, peer, slow(2 * turns))
        asked = {}
        for seconds in allowed:
            call = slow(1, deadline_microseconds=int(1e6 * seconds))
            began = time.monotonic()
            asked[peer.send(call)] = (began, float(seconds))
        replies = peer.take(40)
        assert peer.take(1)[0].id == held, "the long request was too short for this test"
    assert {reply.code for reply in replies} == {"DEADLINE_EXCEEDED"}
    ends = []
    for reply in replies:
        began, seconds = asked[reply.id]
        # The daemon counts from its read, which is after the send.
        assert seconds - 0.001 < reply.at - began < seconds + LATE
        ends.append(began + seconds)
    # Requests sent within a loaded machine's pauses may change places with neighbours.
    assert np.all(np.diff(ends) > -0.2)


# MARK: Priorities


def test_trigger_goes_before_standard_before_bulk_and_each_in_order(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as peer:
        held = hold(slow_daemon, peer, slow(turns))
        asked = {}
        for priority in (wire.BULK, wire.STANDARD, wire.TRIGGER):
            for _ in range(4):
                asked[peer.send(slow(1, priority=priority))] = priority
        replies = peer.take(13)
    assert replies[0].id == held
    assert {reply.code for reply in replies} == {"OK"}
    came = [reply.id for reply in replies[1:]]
    assert came == sorted(asked, key=lambda number: (asked[number], number))


def test_a_trigger_event_goes_between_the_events_of_a_bulk_request(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as bulk, Wire(slow_daemon.endpoint) as trigger:
        hold(slow_daemon, bulk, slow(0.02 * turns, rows=100, priority=wire.BULK))
        for number in range(5):
            call = slow(number, priority=wire.TRIGGER)
            assert trigger.ask(call).output("score").tolist() == [number]
        assert bulk.receive(0) is None, "the long request was too short for this test"
        values = bulk.take(1)[0].output("score")
    assert values.shape == (100,) and np.all(values == np.float32(0.02 * turns))


def test_bulk_has_one_micro_batch_in_twenty_beside_trigger(slow_daemon, turns):
    with Wire(slow_daemon.endpoint) as peer:
        held = hold(slow_daemon, peer, slow(turns))
        bulk = {peer.send(slow(1, priority=wire.BULK)) for _ in range(10)}
        for _ in range(300):
            peer.send(slow(1, priority=wire.TRIGGER))
        replies = peer.take(311)
    assert replies[0].id == held
    assert {reply.code for reply in replies} == {"OK"}
    places = [place for place, reply in enumerate(replies[1:], 1) if reply.id in bulk]
    assert len(places) == 10
    gaps = np.diff([0, *places])
    # At least 5 % of micro-batches, and no more than a tenth.
    assert np.all(gaps <= 20) and np.all(gaps >= 10), gaps
