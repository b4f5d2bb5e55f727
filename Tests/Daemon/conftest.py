"""Fixtures of the tests that drive a real daemon."""

import signal
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from command import serving, stored  # noqa: E402
from daemon import SAMPLE, Daemon, copy_models, free_port, wait_until  # noqa: E402
from slow import turns_per_second, write_slow_model  # noqa: E402

# A script that starts the tests in the background has them ignore Ctrl-C, and with them all that
# they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

FEATURES = ("s1c", "s2c", "drift_time", "x_s2", "y_s2")


@pytest.fixture(scope="session")
def daemon():
    """vigild on the reference models, for tests that leave it as it is."""
    with Daemon() as running:
        yield running


@pytest.fixture
def make_daemon():
    """Starts daemons of a test's own and ends them after it."""
    started = []

    def make(*arguments, wait=True, **options):
        running = Daemon(*arguments, **options)
        started.append(running)
        return running.start(wait=wait)

    yield make
    for running in started:
        running.__exit__()


@pytest.fixture(scope="session")
def sample():
    """Columns of the sample by name."""
    with np.load(SAMPLE) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="session")
def halves(sample):
    """ER and NR events that calibrate, and others."""
    binary = sample["kind"] <= 1
    return [{name: column[binary][half::2] for name, column in sample.items()} for half in (0, 1)]


@pytest.fixture(scope="session")
def features(sample):
    """Inputs of the binary models."""
    return np.stack([sample[name] for name in FEATURES], axis=1).astype("f4")


@pytest.fixture
def copied_models(tmp_path):
    """A copy of the tree model and the position model that a test may damage."""
    return copy_models(tmp_path / "models", "er-nr-tree", "position-cnn")


@pytest.fixture(scope="session")
def slow_models(tmp_path_factory):
    """A folder of models that holds `slow` only."""
    return write_slow_model(tmp_path_factory.mktemp("slow-models"))


@pytest.fixture(scope="session")
def running_slow(slow_models):
    """vigild on `slow`; tests use `slow_daemon`, which is this one when it is idle."""
    with Daemon(slow_models, http_port=free_port()) as running:
        yield running


@pytest.fixture(scope="session")
def turns(running_slow):
    """Turns that `slow` takes in a second, or in more where other work runs too."""
    return turns_per_second(running_slow)


@pytest.fixture
def slow_daemon(running_slow):
    """vigild on `slow`, idle, for tests that leave it serving."""
    with running_slow.client() as client:
        wait_until(lambda: client.status().in_flight == 0 and client.status().ready)
    return running_slow


@pytest.fixture(scope="module")
def running(models):
    """vigild on the models of the test's own module."""
    with Daemon(models) as started:
        yield started


@pytest.fixture(scope="module")
def served(daemon):
    """The reference daemon, once it serves every model."""
    return serving(daemon)


@pytest.fixture
def write(tmp_path):
    """Writes data files into the test's folder."""
    return partial(stored, tmp_path)
