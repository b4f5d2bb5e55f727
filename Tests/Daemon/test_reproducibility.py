"""The same event gives the same bits, whatever it travels with and whoever sends it.

5,000 events of the sample are scored one by one, nothing else in the daemon. Every other way to
score them must give the same bits in every value, interval end, p-value and raw output.
"""

import asyncio
import re

import numpy as np
import pytest

import vigil
from daemon import MODELS, Daemon, copy_models
from frames import FEATURES, PATIENCE, Peer, message, variant

NAMES = sorted(path.parent.name for path in MODELS.glob("*/model.yaml"))
EVENTS = 5000
LARGEST = 1024
IN_FLIGHT = 32
# Long enough for all requests of one way on a loaded machine, seconds.
TIMEOUT = 120.0
PRIORITIES = ("TRIGGER", "STANDARD", "BULK")
UNSIGNED = {1: np.uint8, 4: np.uint32, 8: np.uint64}


def bits(scores):
    """Every array of an answer as unsigned integers, by name."""
    arrays = {f"p-value {name}": array for name, array in scores.p_values.items()}
    if scores.log_likelihood_ratio is not None:
        arrays["ratio"] = scores.log_likelihood_ratio
    for key, output in scores.outputs.items():
        for part in ("value", "lower", "upper", "flags"):
            if getattr(output, part) is not None:
                arrays[f"{key} {part}"] = getattr(output, part)
    return {
        name: np.ascontiguousarray(array).view(UNSIGNED[array.dtype.itemsize])
        for name, array in arrays.items()
    }


def put_together(pieces, answers):
    """The bits of all events in their own order, from those of the pieces."""
    count = sum(map(len, pieces))
    whole = {}
    for rows, scores in zip(pieces, answers, strict=True):
        part = bits(scores)
        whole = whole or {
            name: np.empty((count, *array.shape[1:]), array.dtype) for name, array in part.items()
        }
        assert part.keys() == whole.keys()
        for name, array in part.items():
            whole[name][rows] = array
    return whole


def assert_same(found, wanted, count=EVENTS):
    """The first `count` events have the same bits; else says which do not."""
    assert found.keys() == wanted.keys()
    for name, array in found.items():
        other = wanted[name]
        assert array.dtype == other.dtype and array[:count].shape == other[:count].shape, name
        differs = (array[:count] != other[:count]).reshape(count, -1).any(axis=1)
        events = np.flatnonzero(differs)
        assert not len(events), f"{name}: {len(events)} events differ, first {events[:5]}"


def cut(count, seed, sizes=None):
    """Indices 0 ..< count in a random order, cut into pieces of 1 to 1,024."""
    random = np.random.default_rng(seed)
    order = random.permutation(count)
    pieces, start = [], 0
    # Both ends are met for certain; sizes in between are even in their logarithm.
    sizes = sizes or [LARGEST, 1]
    while start < count:
        size = sizes.pop(0) if sizes else int(2 ** random.uniform(0, np.log2(LARGEST + 1)))
        pieces.append(order[start : start + size])
        start += size
    return pieces


def singly(count):
    return list(np.arange(count).reshape(count, 1))


class Subject:
    """A model, the events it is asked about and the raw outputs that are wanted beside."""

    def __init__(self, running, name, values):
        self.running, self.name, self.values = running, name, values
        with running.client() as client:
            (known,) = client.models(name)
        self.input = known.inputs[0].name
        self.outputs = [output.name for output in known.outputs]

    def on(self, running, name=None, values=None):
        """The same events elsewhere, or other events."""
        return Subject(running, name or self.name, self.values if values is None else values)

    def one_by_one(self):
        """Every event alone in the daemon: nothing is sent before the last answer is there."""
        with self.running.client(timeout=TIMEOUT) as client:
            answers = [
                client.score(self.name, self.values[row], outputs=self.outputs)
                for row in singly(len(self.values))
            ]
        assert {answer.timing.batch for answer in answers} == {1}
        return put_together(singly(len(self.values)), answers)

    def together(self, pieces, clients=1, priorities=("STANDARD",)):
        """Many requests in flight; also the largest micro-batch that came of it."""

        async def one(client, number):
            return await client.score(
                self.name, self.values[pieces[number]], outputs=self.outputs,
                priority=priorities[number % len(priorities)],
            )  # fmt: skip

        async def all_of(start):
            endpoint = self.running.endpoint
            options = {"timeout": TIMEOUT, "max_in_flight": IN_FLIGHT}
            async with vigil.AsyncClient(endpoint, **options) as client:
                await one(client, start)
                numbers = range(start, len(pieces), clients)
                return await asyncio.gather(*(one(client, number) for number in numbers))

        async def every_client():
            return await asyncio.gather(*map(all_of, range(clients)))

        lists = asyncio.run(every_client())
        answers = [lists[number % clients][number // clients] for number in range(len(pieces))]
        return put_together(pieces, answers), max(answer.timing.batch for answer in answers)

    def placed(self, pieces, framed):
        """Tensors in frames or in the header, whatever their size."""
        with Peer(self.running.endpoint) as peer:
            for number, rows in enumerate(pieces):
                peer.send(
                    message(
                        self.name, self.input, self.values[rows], id=number, framed=framed,
                        outputs=self.outputs,
                    )
                )  # fmt: skip
            replies = peer.take(len(pieces), TIMEOUT)
        answers = []
        for number, rows in enumerate(pieces):
            reply = replies[number]
            assert reply.code == "OK" and bool(reply.tensors) is framed, reply.status
            score = reply.message.score
            answers.append(vigil.answers.scores(score, reply.frames, len(rows)))
        return put_together(pieces, answers)


@pytest.fixture(scope="module", params=NAMES)
def subject(request, daemon, sample):
    chosen = np.sort(np.random.default_rng(11).choice(len(sample["kind"]), EVENTS, replace=False))
    if "hits" in (MODELS / request.param / "model.yaml").read_text():
        values = sample["hits"][chosen]
    else:
        values = np.stack([sample[name][chosen] for name in FEATURES], 1)
    return Subject(daemon, request.param, values)


@pytest.fixture(scope="module")
def alone(subject):
    """The bits that every other way must give."""
    wanted = subject.one_by_one()
    (first, *_) = wanted
    assert len(np.unique(wanted[first])) > EVENTS // 50, "the events tell nothing"
    assert any(name.startswith("p-value") or name.endswith("lower") for name in wanted)
    return wanted


@pytest.fixture(scope="module")
def variants(tmp_path_factory):
    """A daemon on copies: flagging rows, and two instances with shared and own sessions."""
    folder = tmp_path_factory.mktemp("models")
    for name in NAMES:
        (told,) = re.findall("nonfinite: .*", (MODELS / name / "model.yaml").read_text())
        variant(folder, name, f"{name}-flag", (told, "nonfinite: flag"))
        for session in ("shared", "each"):
            lines = f"instances: 2\nsession: {session}\ntask:"
            variant(folder, name, f"{name}-{session}", ("task:", lines))
    with Daemon(folder) as running:
        yield running


@pytest.mark.parametrize("clients", [1, 4])
def test_single_events_in_flight_together(subject, alone, clients):
    found, largest = subject.together(singly(EVENTS), clients)
    assert largest > 1, "no event met another in a micro-batch"
    assert_same(found, alone)


@pytest.mark.parametrize("clients", [1, 4])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_batches_cut_at_random(subject, alone, clients, seed):
    pieces = cut(EVENTS, seed)
    assert {1, LARGEST} <= set(map(len, pieces))
    found, largest = subject.together(pieces, clients)
    assert largest > 1
    assert_same(found, alone)


@pytest.mark.parametrize("priorities", [*([name] for name in PRIORITIES), PRIORITIES], ids=str)
def test_every_priority_and_all_at_once(subject, alone, priorities):
    found, _ = subject.together(cut(EVENTS, 4), 4, priorities)
    assert_same(found, alone)


@pytest.mark.parametrize("framed", [False, True], ids=["header", "frames"])
def test_tensors_in_the_header_and_in_frames(subject, alone, framed):
    assert_same(subject.placed(cut(EVENTS, 5), framed), alone)
    count = 300
    few = subject.on(subject.running, values=subject.values[:count])
    assert_same(few.placed(singly(count), framed), alone, count)


def with_rows_that_are_not_finite(values):
    """As many rows again, each with one, some or all values that are not finite."""
    random = np.random.default_rng(6)
    bad = values[random.permutation(len(values))].copy()
    bad[np.arange(len(bad)), random.integers(0, bad.shape[1], len(bad))] = np.nan
    bad[::3][random.random(bad[::3].shape) < 0.5] = np.nan
    bad[::5] = np.nan
    return np.concatenate([values, bad])


@pytest.mark.parametrize("clients", [1, 4])
def test_among_rows_of_nan_that_are_flagged(subject, alone, variants, clients):
    values = with_rows_that_are_not_finite(subject.values)
    # Infinite values are not finite either.
    values[EVENTS + 1 :: 7][np.isnan(values[EVENTS + 1 :: 7])] = np.inf
    flagging = subject.on(variants, f"{subject.name}-flag", values)
    found, _ = flagging.together(cut(2 * EVENTS, 7), clients, PRIORITIES)
    assert_same(found, alone)
    for name, array in found.items():
        if name.endswith("flags"):
            assert (array[EVENTS:] & vigil.answers.FLAG_NONFINITE).all(), name
        else:
            floats = array.view(np.float32 if array.dtype == np.uint32 else np.float64)
            assert np.isnan(floats[EVENTS:]).all(), name


def test_rows_of_nan_alone_are_flagged_and_carry_no_value(subject, alone, variants):
    values = with_rows_that_are_not_finite(subject.values[:20])
    found = subject.on(variants, f"{subject.name}-flag", values).one_by_one()
    assert_same(found, alone, 20)
    for name, array in found.items():
        if name.endswith("flags"):
            assert (array[20:] & vigil.answers.FLAG_NONFINITE).all(), name


def test_among_rows_with_missing_values(subject, alone):
    if "nonfinite: missing" not in (MODELS / subject.name / "model.yaml").read_text():
        pytest.skip("the engine knows no missing values")
    mixed = subject.on(subject.running, values=with_rows_that_are_not_finite(subject.values))
    found, _ = mixed.together(cut(2 * EVENTS, 8), 4)
    assert_same(found, alone)
    assert np.isfinite(found["margin value"].view(np.float32)).all()
    assert_same(found, mixed.one_by_one(), 2 * EVENTS)


@pytest.mark.parametrize("session", ["shared", "each"])
def test_two_instances_with_shared_and_own_sessions(subject, alone, variants, session):
    two = subject.on(variants, f"{subject.name}-{session}")
    for seed, priorities in enumerate([("STANDARD",), PRIORITIES], 9):
        found, _ = two.together(cut(EVENTS, seed), 4, priorities)
        assert_same(found, alone)
    found, _ = two.together(singly(EVENTS), 4)
    assert_same(found, alone)


def test_after_a_reload(subject, alone, make_daemon, tmp_path):
    copy_models(tmp_path, subject.name)
    again = subject.on(make_daemon(tmp_path))
    pieces = cut(EVENTS, 12)
    assert_same(again.together(pieces, 4)[0], alone)
    with again.running.client(timeout=TIMEOUT) as client:
        assert client.reload() == []
        assert_same(again.together(pieces, 4)[0], alone)
        # Another manifest: the artefact is loaded anew.
        with open(tmp_path / subject.name / "model.yaml", "a") as manifest:
            manifest.write("# changed\n")
        (loaded, retired) = client.reload()
        assert loaded.startswith(f"loaded {subject.name} 1 sha256:")
        assert retired == f"retired {subject.name} 1"
    assert_same(again.together(pieces, 4)[0], alone)


def test_all_models_at_once(daemon, subject, alone):
    others = [name for name in NAMES if name != subject.name]
    with Peer(daemon.endpoint) as peer, daemon.client() as client:
        for number, name in enumerate(others):
            (known,) = client.models(name)
            rows = np.full((LARGEST, known.inputs[0].shape[0]), 50, np.float32)
            for turn in range(8):
                peer.send(message(name, known.inputs[0].name, rows, id=8 * number + turn))
        found, _ = subject.together(cut(EVENTS, 13), 4)
        replies = peer.take(8 * len(others), PATIENCE)
    assert {reply.code for reply in replies.values()} == {"OK"}
    assert_same(found, alone)


def test_the_comparison_sees_one_bit():
    wanted = {"value": np.arange(10, dtype=np.uint32)}
    assert_same({"value": wanted["value"].copy()}, wanted, 10)
    other = {"value": wanted["value"].copy()}
    other["value"][7] ^= 1
    with pytest.raises(AssertionError, match="1 events differ, first .7"):
        assert_same(other, wanted, 10)
