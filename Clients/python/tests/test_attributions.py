"""What made the scores: how the client asks and what it makes of the answer."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from fake import LARGE, PATIENCE, SMALL, FakeServer, asked_once, feature_model, put, sums

import vigil
from vigil.wire import wire

FEATURES = ("s1c", "s2c", "drift", "x", "y")


def explained(request, frames, change=None, **absent):
    """Answers as `sums` does, and explains each sum by its terms, inline or in frames."""
    header, *rest = sums(request, frames)
    reply = wire.Reply.FromString(header)
    made, place = reply.score.attributions, rest if rest else None
    features = np.frombuffer(frames[1] if len(frames) > 1 else request.score.inputs[0].data, "<f4")
    value = features.reshape(-1, 5).astype("f8")
    made.output, made.unit, made.method = "sum", "keV", "permutation-shapley"
    made.features.extend(FEATURES)
    made.evaluations, made.background, made.gradient = 320, "sha256:11", "sha256:22"
    put(made.value, value, place)
    put(made.error, value / 10, place)
    put(made.score, value.sum(axis=1) + 2, place)
    put(made.base_value, np.full(len(value), 2.0), place)
    put(made.residual, np.zeros(len(value)), place)
    for name in absent:
        made.ClearField(name)
    if change is not None:
        change(made)
    return [reply.SerializeToString(), *rest]


@pytest.mark.parametrize("values", [SMALL, LARGE], ids=["header", "frames"])
def test_attributions_carry_everything_and_copy_nothing(values):
    with FakeServer(explained) as server:
        scores, request, _ = asked_once(server, values, attributions=True)
    made = scores.attributions
    assert list(request.extras) == [wire.ATTRIBUTIONS]
    assert request.priority == wire.BULK
    assert (made.output, made.unit, made.method) == ("sum", "keV", "permutation-shapley")
    assert (made.features, made.evaluations) == (FEATURES, 320)
    assert (made.background, made.gradient) == ("sha256:11", "sha256:22")
    np.testing.assert_array_equal(made.value, values)
    np.testing.assert_array_equal(made.error, values.astype("f8") / 10)
    np.testing.assert_array_equal(made.base + made.value.sum(axis=1), made.score)
    assert made.residual.tolist() == [0] * len(values)
    assert made.value.dtype == np.float64
    assert not made.value.flags.writeable and not made.value.flags.owndata
    np.testing.assert_array_equal(scores.value, values.sum(axis=1))


def test_the_asyncio_client_asks_the_same():
    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            return await client.score("m", SMALL, attributions=True, event_ids=[4, 5])

    with FakeServer(explained) as server:
        scores = asyncio.run(asyncio.wait_for(scenario(), PATIENCE))
        request, _ = server.seen.get(timeout=PATIENCE)
    assert (list(request.score.extras), request.score.priority) == ([wire.ATTRIBUTIONS], wire.BULK)
    assert request.score.HasField("event_ids")
    np.testing.assert_array_equal(scores.attributions.value, SMALL)


def test_what_is_not_asked_for_is_not_sent():
    with FakeServer(sums) as server:
        scores, request, _ = asked_once(server)
    assert scores.attributions is None
    assert (list(request.extras), request.priority) == ([], wire.STANDARD)


def test_a_priority_is_sent_as_it_is():
    """The daemon explains at BULK alone, and says so."""
    with FakeServer(explained) as server:
        _, request, _ = asked_once(server, attributions=True, priority="TRIGGER")
    assert request.priority == wire.TRIGGER


def test_what_a_method_does_not_give_is_none():
    def occluded(request, frames):
        return explained(request, frames, error=0, base_value=0, residual=0, background=0)

    with FakeServer(occluded) as server:
        made = asked_once(server, attributions=True)[0].attributions
    assert made.error is made.base is made.residual is made.background is None
    np.testing.assert_array_equal(made.value, SMALL)


def one_feature_less(made):
    del made.features[-1]


def one_event_less(made):
    made.score.shape[0] = 1
    made.score.data = made.score.data[:8]


def flat_errors(made):
    made.error.shape[:] = [2, 5, 1]


def without_value(made):
    made.ClearField("value")


def without_score(made):
    made.ClearField("score")


@pytest.mark.parametrize(
    "change, field, words",
    [
        (one_feature_less, "attributions.value", r"\[2, 5\] is not events and \[4\]"),
        (one_event_less, "attributions.score", "1 events where 2 were sent"),
        (flat_errors, "attributions.error", r"\[2, 5, 1\] is not events and \[5\]"),
        (without_value, "attributions.value", "absent"),
        (without_score, "attributions.score", "absent"),
    ],
)
def test_attributions_that_do_not_fit_are_a_clear_error(change, field, words):
    with FakeServer(lambda request, frames: explained(request, frames, change)) as server:
        with vigil.Client(server.endpoint, timeout=PATIENCE) as client:
            with pytest.raises(vigil.BadReply, match=words) as caught:
                client.score("m", SMALL, attributions=True)
            assert caught.value.field == field


def test_a_model_says_how_it_is_explained():
    explaining, unable, silent = (feature_model(name) for name in ("a", "b", "c"))
    explaining.explanation.MergeFrom(
        wire.ExplanationDescription(
            output="sum", method="exact-shapley", features=FEATURES, background="sha256:11",
            background_rows=100, gradient="sha256:22", evaluations=3100, nanoseconds=40_000,
            limit_nanoseconds=10**10,
        )
    )  # fmt: skip
    unable.explanation.reason = "no background"
    with FakeServer(sums, [explaining, unable, silent]) as server:
        with vigil.Client(server.endpoint, timeout=PATIENCE) as client:
            first, second, third = (model.explanation for model in client.models())
    assert first == vigil.ExplanationDescription(
        output="sum", method="exact-shapley", features=FEATURES, background="sha256:11",
        background_rows=100, gradient="sha256:22", evaluations=3100, nanoseconds=40_000,
        limit_nanoseconds=10**10, reason=None,
    )  # fmt: skip
    assert (second.reason, second.background, second.features) == ("no background", None, ())
    assert third is None
