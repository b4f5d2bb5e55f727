"""How requests come together in micro-batches: as chosen, after a delay or at once."""

import asyncio
import time

import numpy as np
import pytest

from daemon import Daemon, copy_models
from slow import turns_per_second, write_slow_model
import vigil

DELAY = 0.3


@pytest.fixture(scope="module")
def delayed(tmp_path_factory):
    """A daemon whose tree model waits for more events before it runs."""
    models = copy_models(tmp_path_factory.mktemp("models"), "er-nr-tree")
    manifest = models / "er-nr-tree" / "model.yaml"
    lines = [line for line in manifest.read_text().splitlines() if not line.startswith("batching")]
    lines.append(f"batching: {{maximum_rows: 64, delay_microseconds: {int(DELAY * 1e6)}}}")
    manifest.write_text("\n".join(lines) + "\n")
    with Daemon(models) as running:
        yield running


def together(running, parts):
    """Scores of parts that are sent without waiting for each other."""
    async def score():
        async with vigil.AsyncClient(running.endpoint, timeout=30) as client:
            return await asyncio.gather(*(client.score("er-nr-tree", part) for part in parts))

    return asyncio.run(score())


def test_requests_within_the_delay_share_a_micro_batch(delayed, features):
    answers = together(delayed, [features[:3], features[3:8], features[8:20]])
    # Which shapes a micro-batch is cut into depends on what was measured at load.
    assert answers[0].timing.batch > 3 and max(answer.timing.batch for answer in answers) > 12
    with delayed.client() as client:
        whole = client.score("er-nr-tree", features[:20])
    np.testing.assert_array_equal(np.concatenate([a.value for a in answers]), whole.value)


def test_a_lone_request_waits_no_longer_than_the_delay(delayed, features):
    (answer,) = together(delayed, [features[:5]])
    assert DELAY * 0.95e9 <= answer.timing.queue_nanoseconds < DELAY * 20e9
    assert answer.timing.batch <= 5


def test_a_full_micro_batch_does_not_wait(delayed, features):
    (answer,) = together(delayed, [features[:64]])
    assert answer.timing.queue_nanoseconds < DELAY * 0.95e9


def test_a_lone_request_does_not_wait_by_default(daemon, sample):
    with daemon.client() as client:
        for _ in range(5):
            answer = client.score("position-cnn", sample["hits"][:1])
            assert answer.timing.batch == 1
            assert answer.timing.queue_nanoseconds < DELAY * 1e9
            time.sleep(0.02)


def test_by_default_what_waits_becomes_the_batch(daemon, sample):
    async def score():
        async with vigil.AsyncClient(daemon.endpoint, timeout=60) as client:
            first = asyncio.create_task(client.score("position-cnn", sample["hits"]))
            await asyncio.sleep(0.02)
            rest = [client.score("position-cnn", sample["hits"][i : i + 1]) for i in range(32)]
            return await first, await asyncio.gather(*rest)

    _, rest = asyncio.run(score())
    assert max(answer.timing.batch for answer in rest) > 1


def test_a_model_of_a_fixed_size_runs_what_waits_and_what_comes_alone(tmp_path):
    """Micro-batches of 30 ms, in which nothing new comes, and single events that nothing follows."""
    with Daemon(write_slow_model(tmp_path / "models", fixed_rows=16)) as running:
        turns = float(int(0.03 * turns_per_second(running)))
        with running.client(timeout=30) as client:
            many = np.full(100, turns, "f4")
            assert (client.score("slow", many).outputs["score"].value == many).all()
            for count in (1, 2, 15, 17):
                few = np.arange(count, dtype="f4")
                assert (client.score("slow", few).outputs["score"].value == few).all()
        assert running.process.poll() is None
