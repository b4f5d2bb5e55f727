"""Fixtures of the tests that drive a real daemon."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from daemon import SAMPLE, Daemon  # noqa: E402


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
