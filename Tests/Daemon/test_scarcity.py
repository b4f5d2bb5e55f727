"""A daemon that the system gives no further descriptors or threads serves on with what it has."""

import resource

import pytest

from daemon import copy_models
from versions import TREE, bits, edit

INSTANCES = 32


def address_bytes(running):
    with open(f"/proc/{running.process.pid}/statm") as sizes:
        return int(sizes.read().split()[0]) * resource.getpagesize()


# What a reload reads needs some of either; the lanes of that many instances need more.
SCARCE = {
    "descriptors": (resource.RLIMIT_NOFILE, lambda running: running.descriptors() + 12, "eventfd"),
    "threads": (
        resource.RLIMIT_AS, lambda running: address_bytes(running) + 96 * 2**20, "pthread_create",
    ),
}


@pytest.mark.parametrize("what", SCARCE)
def test_a_version_whose_lanes_cannot_be_made_is_not_served(make_daemon, tmp_path, features, what):
    limit, allowed, call = SCARCE[what]
    models = copy_models(tmp_path, TREE)
    running = make_daemon(models=models)
    with running.client() as client:
        before = bits(client.score(TREE, features[:8]))
        pid = running.process.pid
        usual = resource.prlimit(pid, limit)
        resource.prlimit(pid, limit, (allowed(running), usual[1]))
        edit(models, TREE, "engine: tree\n", f"engine: tree\ninstances: {INSTANCES}\n")
        changes = client.reload()
        assert any(line.startswith(f"failed {TREE} 1: starting lanes: {call}") for line in changes)
        assert f"kept {TREE} 1" in changes
        assert bits(client.score(TREE, features[:8])) == before
        resource.prlimit(pid, limit, usual)
        assert any(line.startswith(f"loaded {TREE} 1") for line in client.reload())
        assert bits(client.score(TREE, features[:8])) == before
    assert running.stop() == 0
