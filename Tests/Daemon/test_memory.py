"""Clients that come and go, with large and abandoned requests, leave nothing behind."""

import os

from daemon import wait_until
from frames import message
from wire import Wire, tree


def descriptors(running):
    """Files that a daemon has open."""
    return len(os.listdir(f"/proc/{running.process.pid}/fd"))


def test_clients_and_large_requests_leave_nothing_behind(make_daemon, sample, features):
    running = make_daemon()
    hits = sample["hits"][:16_384]
    large = message("pattern-autoencoder", "hits", hits, framed=True)

    def turn(clients, requests):
        with Wire(running.endpoint) as peer:
            for _ in range(requests):
                assert peer.ask(large).code == "OK"
        for number in range(clients):
            with Wire(running.endpoint) as peer:
                if number % 4 == 0:
                    # Gone before its answer is there.
                    peer.send(message("pattern-autoencoder", "hits", hits[:2048], framed=True))
                else:
                    assert peer.ask(tree(features[number : number + 5])).code == "OK"
        with Wire(running.endpoint) as peer:
            wait_until(lambda: peer.status().in_flight == 0)

    turn(20, 4)
    wait_until(lambda: descriptors(running) < 100)
    files, memory = descriptors(running), running.resident()
    turn(100, 20)
    wait_until(lambda: descriptors(running) <= files + 5)
    assert running.resident() < memory + 64, f"{memory:.0f} MiB before"
