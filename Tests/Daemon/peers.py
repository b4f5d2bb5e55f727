"""DEALERs of the refusal tests, as fixtures: the daemon must answer as before after each test."""

import pytest

from frames import Peer, message, watched


def tree(features, rows=1, **options):
    """A request of the first `rows` events to the reference tree model."""
    return message("er-nr-tree", "features", features[:rows], **options)


@pytest.fixture(name="expected", scope="module")
def expected_of_reference(daemon, features):
    """What the tree answers to 20 events, before anything was refused."""
    with Peer(daemon.endpoint) as peer:
        return peer.ask(tree(features, 20)).bits()


@pytest.fixture(name="peer")
def peer_of_reference(daemon, features):
    """A DEALER to the reference models; after the test the same daemon still answers it."""
    with watched(daemon, tree(features, 20)) as bare:
        yield bare


@pytest.fixture(name="peer")
def peer_of_running(running, features):
    """The same to the models of the test's own module, of which one is called tree."""
    with watched(running, message("tree", "features", features[:20])) as bare:
        yield bare
