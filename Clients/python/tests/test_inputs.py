"""What a client sends: placement, columns, options, inputs of every kind."""

from __future__ import annotations

import numpy as np
import pytest
from fake import (
    LARGE,
    PATIENCE,
    SMALL,
    FakeServer,
    answered,
    asked_once,
    content,
    feature_model,
    refusal,
    splits,
    sums,
)

import vigil
from vigil.wire import wire


# Placement


def test_small_tensors_travel_in_the_header():
    with FakeServer(sums) as server:
        scores, request, frames = asked_once(server)
    assert len(frames) == 1
    assert request.inputs[0].name == "features"
    np.testing.assert_array_equal(scores.value, SMALL.sum(axis=1))


def test_large_tensors_travel_as_frames():
    with FakeServer(sums) as server:
        scores, request, frames = asked_once(server, LARGE)
    assert len(frames) == 2
    assert not request.inputs[0].HasField("data")
    np.testing.assert_array_equal(scores.value, LARGE.sum(axis=1))


@pytest.mark.parametrize("events, frame_count", [(51, 1), (52, 2)])
def test_the_limit_of_the_header_is_1024_bytes(events, frame_count):
    with FakeServer(sums) as server:
        _, _, frames = asked_once(server, np.zeros((events, 5), "f4"))
    assert len(frames) == frame_count


def test_columns_and_event_ids_count_and_travel():
    energy = np.arange(1000, dtype="f8")
    with FakeServer(sums) as server:
        _, request, frames = asked_once(
            server, LARGE, columns={"energy": energy, "n": [1] * 1000}, event_ids=range(1000)
        )
    assert len(frames) == 5
    assert [(c.name, c.type) for c in request.columns] == [
        ("energy", wire.FLOAT64),
        ("n", wire.FLOAT64),
    ]
    np.testing.assert_array_equal(content(request.columns[0], frames, "<f8"), energy)
    assert request.event_ids.type == wire.UINT64
    np.testing.assert_array_equal(content(request.event_ids, frames, "<u8"), np.arange(1000))


def test_options_travel_only_when_given():
    with FakeServer(sums) as server:
        _, plain, _ = asked_once(server)
        _, full, _ = asked_once(
            server, coverage=0.8, prior=0.1, priority="trigger", version="1", raw=True,
            outputs=["q", "r"], stream="run 7", seed=3, deadline=5,
        )  # fmt: skip
    for name in ("coverage", "prior", "version", "raw", "stream", "seed", "event_ids"):
        assert not plain.HasField(name)
    assert plain.priority == wire.STANDARD
    assert 0 < plain.deadline_microseconds <= PATIENCE * 1e6
    assert (full.coverage, full.prior, full.version, full.raw) == (0.8, 0.1, "1", True)
    assert (list(full.outputs), full.stream, full.seed) == (["q", "r"], "run 7", 3)
    assert full.priority == wire.TRIGGER
    assert 4e6 < full.deadline_microseconds <= 5e6


# Inputs


@pytest.mark.parametrize("rows", [2, 300])
def test_ragged_inputs_as_a_list_and_as_content_with_splits(rows):
    events = [np.full((k % 4, 2), k, "f8") for k in range(rows)]
    flat = np.concatenate(events)
    lengths = np.cumsum([0] + [len(event) for event in events])
    seen = []

    def count_hits(request, frames):
        seen.append(
            (content(request.score.inputs[0], frames), splits(request.score.inputs[0], frames))
        )
        return answered(request, np.diff(seen[-1][1]).astype("f4"), len(frames) > 1)

    with FakeServer(count_hits, [feature_model(ragged=8)]) as server:
        listed, _, _ = asked_once(server, events)
        paired, _, _ = asked_once(server, {"hits": (flat, lengths.astype("i4"))})
    for hits, offsets in seen:
        np.testing.assert_array_equal(hits, flat.astype("f4"))
        np.testing.assert_array_equal(offsets, lengths)
    np.testing.assert_array_equal(listed.value, paired.value)
    assert len(listed) == rows


def test_the_name_of_a_single_input_is_asked_once():
    with FakeServer(sums) as server, vigil.Client(server.endpoint) as client:
        client.score("m", SMALL)
        server.models.clear()
        client.score("m", SMALL)
        with pytest.raises(vigil.NotFound):
            client.score("m", SMALL, version="2")


def test_a_description_is_asked_anew_after_a_refusal_that_may_stem_from_it():
    with FakeServer(sums) as server, vigil.Client(server.endpoint) as client:
        client.score("m", SMALL)
        server.models = [feature_model(type=wire.FLOAT64)]
        server.handler = lambda request, _: refusal(request, wire.INVALID)
        with pytest.raises(vigil.InvalidRequest):
            client.score("m", SMALL)
        server.handler = lambda request, _: answered(request, np.zeros(2, "f4"), False)
        client.score("m", SMALL)
        kinds = [request.score.inputs[0].type for request in server.score_requests(3)]
    assert kinds == [wire.FLOAT32, wire.FLOAT32, wire.FLOAT64]


@pytest.mark.parametrize(
    "array",
    [
        SMALL.astype("f8"),
        SMALL.astype("f2"),
        SMALL.astype("i8"),
        SMALL.astype("u1"),
        SMALL.astype(">f4"),
        SMALL.astype(">f8"),
        np.asfortranarray(SMALL),
        np.repeat(SMALL, 2, axis=0)[::2],
        SMALL.tolist(),
    ],
    ids=lambda array: str(getattr(array, "dtype", "list")),
)
def test_arrays_that_convert_well_are_converted(array):
    with FakeServer(sums) as server:
        _, request, frames = asked_once(server, array)
    np.testing.assert_array_equal(content(request.inputs[0], frames), SMALL)


@pytest.mark.parametrize(
    "array, type, words",
    [
        (SMALL.astype("c8"), wire.FLOAT32, "complex64"),
        (SMALL.astype(str), wire.FLOAT32, "without loss"),
        (np.full((2, 5), 1e300), wire.FLOAT32, "too large for float32"),
        (SMALL, wire.INT32, "float32 does not become int32"),
        (np.full((2, 5), 2**40), wire.INT32, "does not fit int32"),
        (np.full((2, 5), -1), wire.UINT8, "does not fit uint8"),
        (SMALL, wire.BFLOAT16, "bfloat16"),
        (np.float32(1), wire.FLOAT32, "event axis"),
        ([[1, 2], [3]], wire.FLOAT32, "input 'features'"),
        (np.ma.masked_less(SMALL, 3), wire.FLOAT32, "masked"),
        ({}, wire.FLOAT32, "no inputs"),
    ],
)
def test_arrays_that_would_lose_are_refused_here(array, type, words):
    with FakeServer(sums, [feature_model(type=type)]) as server:
        with vigil.Client(server.endpoint) as client, pytest.raises(ValueError, match=words):
            client.score("m", array)
        assert server.seen.empty()


def test_integers_that_fit_are_narrowed():
    with FakeServer(
        lambda request, _: answered(request, np.zeros(2, "f4"), False),
        [feature_model(type=wire.UINT8)],
    ) as server:
        _, request, frames = asked_once(server, SMALL.astype("i8"))
    np.testing.assert_array_equal(content(request.inputs[0], frames, "u1"), SMALL)


def test_an_array_for_a_model_of_two_inputs_is_refused_by_name():
    model = feature_model()
    model.inputs.add(name="hits", type=wire.FLOAT32, shape=[61])
    with FakeServer(sums, [model]) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(ValueError, match="features, hits"):
            client.score("m", SMALL)


@pytest.mark.parametrize(
    "options", [{"priority": "SOON"}, {"deadline": 0}, {"deadline": float("nan")}, {"seed": -1}]
)
def test_options_that_cannot_travel_are_refused_here(options):
    with FakeServer(sums) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(ValueError):
            client.score("m", SMALL, **options)
        assert client.score("m", SMALL).unit == "keV"


@pytest.mark.parametrize(
    "arguments",
    [{"endpoint": []}, {"endpoint": "localhost"}, {"timeout": 0}, {"retries": -1}],
)
def test_settings_are_checked(arguments):
    with pytest.raises(ValueError):
        vigil.Client(**{"endpoint": "tcp://127.0.0.1:1", **arguments})
