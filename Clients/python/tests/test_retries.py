"""Repeated requests, other endpoints, and deadlines. Nothing here waits by sleeping."""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
import pytest
from fake import PATIENCE, SMALL, FakeServer, Killed, refusal, sums

import vigil
from vigil.wire import wire


# Retries


def refuse_first(times, code, **fields):
    """Refuses so often, then answers."""
    left = [times]

    def handler(request, frames):
        left[0] -= 1
        return refusal(request, code, **fields) if left[0] >= 0 else sums(request, frames)

    return handler


@pytest.mark.parametrize("code", [wire.OVERLOADED, wire.UNAVAILABLE])
def test_safe_refusals_are_retried_with_a_new_id_and_what_time_is_left(code):
    with FakeServer(refuse_first(2, code, retry_after_microseconds=20_000)) as server:
        began = time.monotonic()
        with vigil.Client(server.endpoint) as client:
            assert len(client.score("m", SMALL)) == 2
        assert time.monotonic() - began >= 0.04
        requests = server.score_requests(3)
    assert len({request.id for request in requests}) == 3
    left = [request.score.deadline_microseconds for request in requests]
    assert left == sorted(left, reverse=True)
    assert left[0] - left[2] >= 40_000


def test_retries_are_bounded():
    with FakeServer(lambda request, _: refusal(request, wire.OVERLOADED)) as server:
        with vigil.Client(server.endpoint, retries=2) as client:
            with pytest.raises(vigil.Overloaded) as caught:
                client.score("m", SMALL)
        assert server.seen.qsize() == caught.value.attempts == 3


def test_a_pause_beyond_the_deadline_is_not_made():
    def refuse(request, _):
        return refusal(request, wire.OVERLOADED, retry_after_microseconds=9_000_000)

    with FakeServer(refuse) as server, vigil.Client(server.endpoint) as client:
        began = time.monotonic()
        with pytest.raises(vigil.Overloaded):
            client.score("m", SMALL, deadline=5)
        assert time.monotonic() - began < 4


def test_the_next_endpoint_is_asked_at_once_and_kept():
    def refuse(request, _):
        return refusal(request, wire.OVERLOADED, retry_after_microseconds=9_000_000)

    with FakeServer(refuse) as full, FakeServer(sums) as free:
        with vigil.Client([full.endpoint, free.endpoint]) as client:
            client.score("m", SMALL, deadline=5)
            client.score("m", SMALL, deadline=5)
        assert (full.seen.qsize(), free.seen.qsize()) == (1, 2)


def test_an_endpoint_where_nobody_listens_is_passed_over():
    with FakeServer(sums) as gone:
        pass
    with FakeServer(sums) as server:
        with vigil.Client([gone.endpoint, server.endpoint], retries=0) as client:
            assert len(client.score("m", SMALL)) == 2


def test_a_server_killed_before_its_reply_is_replaced_by_the_next():
    def die(request, _):
        raise Killed

    with FakeServer(die) as mortal, FakeServer(sums) as server:
        with vigil.Client([mortal.endpoint, server.endpoint]) as client:
            assert len(client.score("m", SMALL)) == 2
        assert mortal.seen.qsize() == server.seen.qsize() == 1


def test_a_server_killed_before_its_reply_and_started_again_answers():
    def die(request, _):
        raise Killed

    mortal = FakeServer(die)
    reborn = []

    def restart():
        mortal.seen.get(timeout=PATIENCE)
        mortal.kill()
        reborn.append(FakeServer(sums, port=mortal.port))

    undertaker = threading.Thread(target=restart)
    undertaker.start()
    try:
        with vigil.Client(mortal.endpoint, timeout=PATIENCE) as client:
            assert len(client.score("m", SMALL)) == 2
            undertaker.join()
            # Restarted while the client is idle: noticed before the next request is sent.
            reborn[0].kill()
            reborn[0] = FakeServer(sums, port=mortal.port)
            assert len(client.score("m", SMALL)) == 2
    finally:
        undertaker.join()
        reborn[0].kill()


def test_a_loss_that_lasts_says_which_endpoint():
    def die(request, _):
        raise Killed

    with FakeServer(die) as server, vigil.Client(server.endpoint, timeout=0.5) as client:
        with pytest.raises(vigil.ConnectionLost, match=server.endpoint):
            client.score("m", SMALL)


def test_nobody_listening_is_cannot_connect():
    with FakeServer(sums) as gone:
        pass
    with vigil.Client(gone.endpoint, timeout=0.3) as client:
        with pytest.raises(vigil.CannotConnect, match=gone.endpoint):
            client.status()


def test_a_port_that_speaks_something_else_is_cannot_connect():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def greet():
            for _ in range(2):
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 64)
                peer.close()

        thread = threading.Thread(target=greet)
        thread.start()
        with vigil.Client(f"tcp://127.0.0.1:{port}", timeout=0.5) as client:
            with pytest.raises(vigil.CannotConnect):
                client.status()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_silent_attempt_is_repeated():
    silent = [True]

    def second_time_lucky(request, frames):
        if silent:
            return silent.clear()
        return sums(request, frames)

    with FakeServer(second_time_lucky) as server:
        with vigil.Client(server.endpoint, attempt_timeout=0.2) as client:
            assert len(client.score("m", SMALL)) == 2
        first, second = server.score_requests(2)
    assert first.score.deadline_microseconds <= 200_000
    assert first.id != second.id


# Deadlines


def test_the_client_keeps_the_deadline_itself():
    with FakeServer(lambda *_: None) as server, vigil.Client(server.endpoint) as client:
        began = time.monotonic()
        with pytest.raises(vigil.DeadlineExceeded) as caught:
            client.score("m", SMALL, deadline=0.2)
        assert 0.2 <= time.monotonic() - began < 5
    assert type(caught.value) is vigil.NoReply


def test_a_late_reply_is_not_taken_for_another():
    late = []

    def one_behind(request, frames):
        late.append(sums(request, frames))
        return None if len(late) == 1 else tuple(late)

    with FakeServer(one_behind) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(vigil.NoReply):
            client.score("m", SMALL, deadline=0.2)
        np.testing.assert_array_equal(client.score("m", SMALL + 1).value, (SMALL + 1).sum(axis=1))
