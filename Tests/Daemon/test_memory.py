"""Clients that come and go, large and abandoned requests and reloads leave nothing behind."""

from daemon import copy_models, wait_until
from frames import message
from versions import edit
from wire import Wire, tree


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
    wait_until(lambda: running.descriptors() < 100)
    files, memory = running.descriptors(), running.resident()
    turn(100, 20)
    wait_until(lambda: running.descriptors() <= files + 5)
    assert running.resident() < memory + 64, f"{memory:.0f} MiB before"


def test_reloads_leave_nothing_behind(make_daemon, tmp_path):
    name = "er-nr-mlp"
    models = copy_models(tmp_path, name)
    running = make_daemon(models=models)

    def reload(times):
        for _ in range(times):
            # A manifest that changed is loaded anew.
            edit(models, name, "summary: ", "summary: new ")
            assert any(line.startswith(f"loaded {name}") for line in client.reload())

    with running.client() as client:
        reload(5)
        memory = running.resident()
        reload(20)
        # What a version took went back to the system with it: some 9 MiB each.
        wait_until(lambda: running.resident() < memory + 4)
