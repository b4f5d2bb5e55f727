"""Kill -9 and restart under load: clients that retry lose nothing and see the same bits."""

import signal
import socket
import time

import pytest

from clients import AsyncJob, BlockingJob, truth, under_load
from daemon import PATIENCE, free_port, wait_until
from wire import Wire, tree


def test_a_daemon_killed_twice_under_load_costs_no_call(make_daemon, sample, features):
    running = make_daemon()
    hits = sample["hits"]
    jobs = [
        BlockingJob(running.endpoint, "position-cnn", hits),
        BlockingJob(running.ipc, "er-nr-tree", features),
        AsyncJob(running.endpoint, "er-nr-mlp", features),
        AsyncJob(running.ipc, "position-cnn", hits),
    ]
    expected = [truth(running.endpoint, job.model, job.events) for job in jobs]

    def disturb():
        running.kill()
        assert running.process.returncode == -signal.SIGKILL
        running.start(wait=False)

    under_load(jobs, expected, disturb, times=2)
    assert running.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_clients_of_two_daemons_go_to_the_other_when_one_ends(number, make_daemon, sample):
    first, second = make_daemon(), make_daemon()
    hits = sample["hits"]
    expected = truth(first.endpoint, "position-cnn", hits)
    assert truth(second.endpoint, "position-cnn", hits) == expected
    with second.client() as client:
        before = client.status().events
    endpoints = [first.endpoint, second.endpoint]
    jobs = [kind(endpoints, "position-cnn", hits) for kind in (BlockingJob, BlockingJob, AsyncJob)]
    under_load(jobs, [expected] * 3, lambda: first.process.send_signal(number))
    assert first.ended()[0] == (0 if number == signal.SIGTERM else -number)
    with second.client() as client:
        assert client.status().events > before


def test_a_request_while_models_load_is_worth_repeating(make_daemon, features):
    """A daemon that loads must not say that its models do not exist."""
    running = make_daemon(wait=False)
    codes = []
    end = time.monotonic() + PATIENCE
    with Wire(running.endpoint) as peer:
        while "OK" not in codes:
            assert time.monotonic() < end, codes
            reply = peer.ask(tree(features[:1]))
            codes.append(reply.code)
            if reply.code != "OK":
                assert reply.code == "UNAVAILABLE", reply.status
                assert "loading" in reply.status.message
                assert reply.status.retry_after_microseconds > 0
            time.sleep(0.002)


def test_a_client_with_retries_may_start_before_its_daemon(make_daemon, sample):
    running = make_daemon(wait=False)
    job = BlockingJob(running.endpoint, "position-cnn", sample["hits"])
    job.start()
    running.wait_ready()
    expected = truth(running.endpoint, job.model, job.events)
    wait_until(lambda: job.done > 0)
    job.finish(expected, PATIENCE)


def test_a_stopped_daemon_frees_its_port(make_daemon, features):
    port = free_port()
    for _ in range(2):
        running = make_daemon(port=port)
        with running.client() as client:
            assert len(client.score("er-nr-tree", features[:3])) == 3
        assert running.stop() == 0
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        plain.bind(("127.0.0.1", port))
