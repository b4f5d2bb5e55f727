"""What a client makes of answers, refusals and replies that break the protocol."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from fake import LARGE, PATIENCE, SMALL, FakeServer, asked_once, ok, put, refusal, sums
from malformed import MALFORMED

import vigil
from vigil.wire import wire


# Answers


@pytest.mark.parametrize("values", [SMALL, LARGE], ids=["header", "frames"])
def test_scores_carry_everything_and_copy_nothing(values):
    with FakeServer(sums) as server:
        scores, _, _ = asked_once(server, values)
    total = values.sum(axis=1)
    assert len(scores) == len(values)
    assert (scores.unit, scores.coverage, scores.method) == ("keV", 0.9, "cqr")
    np.testing.assert_array_equal(scores.lower, total - np.float32(1))
    np.testing.assert_array_equal(scores.upper, total + np.float32(1))
    np.testing.assert_array_equal(scores.flags, total > 100)
    np.testing.assert_array_equal(scores.log_likelihood_ratio, -total)
    assert list(scores.p_values) == ["ER", "NR"]
    assert scores.p_value is scores.p_values
    assert scores.outputs["sum"] is scores.answer
    assert (scores.provenance.model, scores.provenance.calibration) == ("m", None)
    assert scores.provenance.bins == (vigil.Bins("sum", (10, 20), (vigil.Axis("request", "energy", "", (1.5,)),)),)
    assert scores.timing.batch == len(values)
    assert not scores.value.flags.writeable
    assert not scores.value.flags.owndata
    assert "sum" in repr(scores)


def test_an_answer_may_be_sparse():
    def raw_only(request, _):
        reply = ok(request)
        for method in ("cqr", "raw"):
            output = reply.score.outputs.add(name="x", method=method)
            put(output.value, np.zeros((2, 3), "f4"), None)
        put(reply.score.p_values.add(name="normal").value, np.ones(2, "f4"), None)
        return [reply.SerializeToString()]

    with FakeServer(raw_only) as server:
        scores, _, _ = asked_once(server)
    assert scores.value.shape == (2, 3)
    assert scores.lower is scores.upper is scores.coverage is scores.log_likelihood_ratio is None
    assert scores.flags.tolist() == [0, 0]
    assert scores.p_value.tolist() == [1, 1]
    assert list(scores.outputs) == ["x", "x:raw"]


def test_bfloat16_answers_become_float32():
    def bfloat(request, _):
        reply = ok(request)
        value = reply.score.outputs.add(name="x").value
        value.type, value.data = wire.BFLOAT16, b"\x80\x3f\x00\xc0"
        value.shape.append(2)
        return [reply.SerializeToString()]

    with FakeServer(bfloat) as server:
        scores, _, _ = asked_once(server)
    assert scores.value.tolist() == [1.0, -2.0]


def test_status_models_and_reload():
    def control(request, _):
        reply = ok(request)
        if request.HasField("status"):
            reply.daemon.version, reply.daemon.uptime_microseconds = "0.1", 1_500_000
        else:
            reply.reload.changes.append("m 2 loaded")
        return [reply.SerializeToString()]

    with FakeServer(control) as server, vigil.Client(server.endpoint) as client:
        status = client.status()
        assert (status.version, status.ready, status.uptime) == ("0.1", False, 1.5)
        assert client.reload() == ["m 2 loaded"]
        (model,) = client.models()
        assert client.models("m") == [model]
        assert (model.name, model.inputs[0].dtype, model.coverage) == ("m", "float32", None)
        with pytest.raises(vigil.NotFound) as caught:
            client.models("q")
        assert caught.value.near == ("position-cnn",)


# Refusals


@pytest.mark.parametrize(
    "code, kind",
    [
        (wire.INVALID, vigil.InvalidRequest),
        (wire.NOT_FOUND, vigil.NotFound),
        (wire.OVERLOADED, vigil.Overloaded),
        (wire.DEADLINE_EXCEEDED, vigil.DeadlineExceeded),
        (wire.UNAVAILABLE, vigil.Unavailable),
        (wire.UNAUTHENTICATED, vigil.Unauthenticated),
        (wire.FORBIDDEN, vigil.Forbidden),
        (wire.UNSUPPORTED, vigil.Unsupported),
        (wire.INTERNAL, vigil.Internal),
    ],
)
def test_every_code_has_its_exception(code, kind):
    def refuse(request, _):
        return refusal(
            request, code, "found 4", field="inputs[0].shape", row=0, near=["a", "b"],
            retry_after_microseconds=250_000,
        )  # fmt: skip

    with FakeServer(refuse) as server, vigil.Client(server.endpoint, retries=0) as client:
        with pytest.raises(vigil.VigilError) as caught:
            client.score("m", SMALL)
    error = caught.value
    assert type(error) is kind
    assert error.code == wire.Code.Name(code)
    assert (error.message, error.field, error.row) == ("found 4", "inputs[0].shape", 0)
    assert (error.retry_after, error.near, error.attempts) == (0.25, ("a", "b"), 1)
    assert str(error) == f"{error.code}: found 4 (field inputs[0].shape) (row 0); near: a, b"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), vars(again)) == (kind, vars(error))


def test_what_is_final_is_not_retried():
    with FakeServer(lambda request, _: refusal(request, wire.INVALID)) as server:
        with vigil.Client(server.endpoint, retries=9) as client:
            with pytest.raises(vigil.InvalidRequest):
                client.score("m", SMALL)
        assert server.seen.qsize() == 1


# Replies that break the protocol


@pytest.mark.parametrize("name", MALFORMED)
def test_a_reply_that_breaks_the_protocol_is_a_clear_error(name):
    handler, words = MALFORMED[name]
    with FakeServer(handler) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(vigil.BadReply, match=words):
            client.score("m", LARGE)
        server.handler = sums
        assert len(client.score("m", LARGE)) == 1000


def test_every_truncation_of_a_reply_is_an_error_or_a_whole_answer():
    with FakeServer(sums) as server, vigil.Client(server.endpoint, timeout=PATIENCE) as client:
        client.score("m", SMALL)
        request, frames = server.seen.get(timeout=PATIENCE)
        whole = sums(request, frames)[0]
        lengths = iter(range(len(whole)))
        server.handler = lambda request, frames: [sums(request, frames)[0][: next(lengths)]]
        for _ in range(len(whole)):
            try:
                assert len(client.score("m", SMALL)) == 2
            except vigil.BadReply:
                pass
