"""The Swift client, by way of `vigil score`, while its daemons are killed: nothing is lost."""

import subprocess

import numpy as np
import pytest

from command import answer, arguments, environment
from daemon import PATIENCE, wait_until

REPEATS = 12


@pytest.fixture(scope="module")
def events(tmp_path_factory, sample):
    """Events that take a daemon some seconds."""
    path = tmp_path_factory.mktemp("events") / "events.npz"
    np.savez(path, hits=np.tile(sample["hits"], (REPEATS, 1)))
    return path


def columns(path):
    """The arrays of an output file, as bits."""
    with np.load(path) as stored:
        return {name: stored[name].tobytes() for name in stored.files}


def scored_while(events, folder, endpoints, answered, disturb):
    """Scores all events; disturbs when `answered()` says that some were answered."""
    target = folder / "scores.npz"
    command = arguments("vigil", "score", events, "--model", "position-cnn", "--output", target)
    for endpoint in endpoints:
        command += ["--endpoint", endpoint]
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=environment(),
    )  # fmt: skip
    try:
        wait_until(lambda: answered() > 0)
        assert running.poll() is None
        disturb()
        _, errors = running.communicate(timeout=4 * PATIENCE)
    finally:
        running.kill()
    assert running.returncode == 0, errors
    return columns(target)


def undisturbed(events, folder, running):
    """What a daemon that nobody kills answers."""
    target = folder / "expected.npz"
    answer("score", events, "--model", "position-cnn", "--output", target, at=running)
    return columns(target)


def answered_by(running):
    """Events that a daemon has answered."""
    def count():
        with running.client() as client:
            return client.status().events

    return count


def test_a_daemon_killed_in_the_middle_and_started_again(tmp_path, make_daemon, events):
    running = make_daemon()
    expected = undisturbed(events, tmp_path, running)
    running.kill()
    running.start()

    def disturb():
        running.kill()
        running.start()

    found = scored_while(events, tmp_path, [running.endpoint], answered_by(running), disturb)
    assert found == expected


def test_the_first_of_two_daemons_killed_in_the_middle(tmp_path, make_daemon, events):
    first, second = make_daemon(), make_daemon()
    expected = undisturbed(events, tmp_path, second)
    before = answered_by(second)()
    endpoints = [first.endpoint, second.endpoint]
    found = scored_while(events, tmp_path, endpoints, answered_by(first), first.kill)
    assert found == expected
    assert answered_by(second)() > before
