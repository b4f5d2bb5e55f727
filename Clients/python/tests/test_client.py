"""The clients against a server of ours on loopback. Nothing here waits by sleeping."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from fake import (
    PATIENCE,
    FakeServer,
    Killed,
    answered,
    content,
    feature_model,
    ok,
    put,
    refusal,
    splits,
    sums,
)

import vigil
from vigil.wire import wire

SMALL = np.arange(10, dtype="f4").reshape(2, 5)
LARGE = np.arange(5000, dtype="f4").reshape(1000, 5)


def asked_once(server, values=SMALL, model="m", **options):
    """Scores once and returns the scores and the request as the server saw it."""
    with vigil.Client(server.endpoint, timeout=PATIENCE) as client:
        scores = client.score(model, values, **options)
    request, frames = server.seen.get(timeout=PATIENCE)
    return scores, request.score, frames


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
    assert scores.provenance.bins == (vigil.Bins("sum", (10, 20), (1.5,), "energy"),)
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


# Retries


def refuse_first(times, code, **fields):
    """Refuses so often, then answers."""
    left = [times]

    def handler(request, frames):
        left[0] -= 1
        return refusal(request, code, **fields) if left[0] >= 0 else sums(request, frames)

    return handler


@pytest.mark.parametrize("code", [wire.OVERLOADED, wire.UNAVAILABLE])
def test_safe_refusals_are_retried_with_a_new_id_and_what_time_is_left(code):
    with FakeServer(refuse_first(2, code, retry_after_microseconds=20_000)) as server:
        began = time.monotonic()
        with vigil.Client(server.endpoint) as client:
            assert len(client.score("m", SMALL)) == 2
        assert time.monotonic() - began >= 0.04
        requests = server.score_requests(3)
    assert len({request.id for request in requests}) == 3
    left = [request.score.deadline_microseconds for request in requests]
    assert left == sorted(left, reverse=True)
    assert left[0] - left[2] >= 40_000


def test_retries_are_bounded():
    with FakeServer(lambda request, _: refusal(request, wire.OVERLOADED)) as server:
        with vigil.Client(server.endpoint, retries=2) as client:
            with pytest.raises(vigil.Overloaded) as caught:
                client.score("m", SMALL)
        assert server.seen.qsize() == caught.value.attempts == 3


def test_a_pause_beyond_the_deadline_is_not_made():
    def refuse(request, _):
        return refusal(request, wire.OVERLOADED, retry_after_microseconds=9_000_000)

    with FakeServer(refuse) as server, vigil.Client(server.endpoint) as client:
        began = time.monotonic()
        with pytest.raises(vigil.Overloaded):
            client.score("m", SMALL, deadline=5)
        assert time.monotonic() - began < 4


def test_the_next_endpoint_is_asked_at_once_and_kept():
    def refuse(request, _):
        return refusal(request, wire.OVERLOADED, retry_after_microseconds=9_000_000)

    with FakeServer(refuse) as full, FakeServer(sums) as free:
        with vigil.Client([full.endpoint, free.endpoint]) as client:
            client.score("m", SMALL, deadline=5)
            client.score("m", SMALL, deadline=5)
        assert (full.seen.qsize(), free.seen.qsize()) == (1, 2)


def test_an_endpoint_where_nobody_listens_is_passed_over():
    with FakeServer(sums) as gone:
        pass
    with FakeServer(sums) as server:
        with vigil.Client([gone.endpoint, server.endpoint], retries=0) as client:
            assert len(client.score("m", SMALL)) == 2


def test_a_server_killed_before_its_reply_is_replaced_by_the_next():
    def die(request, _):
        raise Killed

    with FakeServer(die) as mortal, FakeServer(sums) as server:
        with vigil.Client([mortal.endpoint, server.endpoint]) as client:
            assert len(client.score("m", SMALL)) == 2
        assert mortal.seen.qsize() == server.seen.qsize() == 1


def test_a_server_killed_before_its_reply_and_started_again_answers():
    def die(request, _):
        raise Killed

    mortal = FakeServer(die)
    reborn = []

    def restart():
        mortal.seen.get(timeout=PATIENCE)
        mortal.kill()
        reborn.append(FakeServer(sums, port=mortal.port))

    undertaker = threading.Thread(target=restart)
    undertaker.start()
    try:
        with vigil.Client(mortal.endpoint, timeout=PATIENCE) as client:
            assert len(client.score("m", SMALL)) == 2
            undertaker.join()
            # Restarted while the client is idle: noticed before the next request is sent.
            reborn[0].kill()
            reborn[0] = FakeServer(sums, port=mortal.port)
            assert len(client.score("m", SMALL)) == 2
    finally:
        undertaker.join()
        reborn[0].kill()


def test_a_loss_that_lasts_says_which_endpoint():
    def die(request, _):
        raise Killed

    with FakeServer(die) as server, vigil.Client(server.endpoint, timeout=0.5) as client:
        with pytest.raises(vigil.ConnectionLost, match=server.endpoint):
            client.score("m", SMALL)


def test_nobody_listening_is_cannot_connect():
    with FakeServer(sums) as gone:
        pass
    with vigil.Client(gone.endpoint, timeout=0.3) as client:
        with pytest.raises(vigil.CannotConnect, match=gone.endpoint):
            client.status()


def test_a_port_that_speaks_something_else_is_cannot_connect():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def greet():
            for _ in range(2):
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 64)
                peer.close()

        thread = threading.Thread(target=greet)
        thread.start()
        with vigil.Client(f"tcp://127.0.0.1:{port}", timeout=0.5) as client:
            with pytest.raises(vigil.CannotConnect):
                client.status()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_silent_attempt_is_repeated():
    silent = [True]

    def second_time_lucky(request, frames):
        if silent:
            return silent.clear()
        return sums(request, frames)

    with FakeServer(second_time_lucky) as server:
        with vigil.Client(server.endpoint, attempt_timeout=0.2) as client:
            assert len(client.score("m", SMALL)) == 2
        first, second = server.score_requests(2)
    assert first.score.deadline_microseconds <= 200_000
    assert first.id != second.id


# Deadlines


def test_the_client_keeps_the_deadline_itself():
    with FakeServer(lambda *_: None) as server, vigil.Client(server.endpoint) as client:
        began = time.monotonic()
        with pytest.raises(vigil.DeadlineExceeded) as caught:
            client.score("m", SMALL, deadline=0.2)
        assert 0.2 <= time.monotonic() - began < 5
    assert type(caught.value) is vigil.NoReply


def test_a_late_reply_is_not_taken_for_another():
    late = []

    def one_behind(request, frames):
        late.append(sums(request, frames))
        return None if len(late) == 1 else tuple(late)

    with FakeServer(one_behind) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(vigil.NoReply):
            client.score("m", SMALL, deadline=0.2)
        np.testing.assert_array_equal(client.score("m", SMALL + 1).value, (SMALL + 1).sum(axis=1))


# Replies that break the protocol


def broken(change):
    """Answers as `sums` does, in frames, after `change(reply, frames)`."""

    def handler(request, frames):
        header, *rest = sums(request, frames)
        reply = wire.Reply.FromString(header)
        changed = change(reply, rest)
        return [reply.SerializeToString(), *(rest if changed is None else changed)]

    return handler


def without_id(reply, rest):
    reply.ClearField("id")


def without_code(reply, rest):
    reply.status.Clear()
    reply.status.message = "odd"
    reply.ClearField("score")


def of_another_kind(reply, rest):
    reply.daemon.version = "1"


def of_wrong_rows(reply, rest):
    reply.score.outputs[0].value.shape[0] = 999
    rest[0] = rest[0][4:]


def value(**fields):
    def change(reply, rest):
        tensor = reply.score.outputs[0].value
        for name in fields:
            tensor.ClearField(name)
        tensor.MergeFrom(wire.Tensor(**{k: v for k, v in fields.items() if v is not None}))

    return change


MALFORMED = {
    "garbage": (lambda request, _: [b"\xff\xfe garbage"], "no Reply"),
    "nothing": (lambda request, _: [b""], "without an id"),
    "flood": (lambda request, _: [b""] * 300, "300 frames"),
    "no id": (broken(without_id), "without an id"),
    "no code": (broken(without_code), "unknown kind: 'odd'"),
    "other kind": (broken(of_another_kind), "daemon, not score"),
    "missing frames": (broken(lambda reply, rest: []), r"outputs\[0\].value.frame"),
    "short frame": (broken(lambda reply, rest: rest.__setitem__(0, b"abc")), "3 bytes where"),
    "wrong rows": (broken(of_wrong_rows), "999 events where 1000"),
    "frame 0": (broken(value(frame=0)), "frame 0"),
    "type": (broken(value(type=None)), "unknown element type"),
    "negative": (broken(value(shape=[-1])), "not a shape"),
    "rank": (broken(value(shape=[])), "not a shape"),
    "huge": (broken(value(shape=[2**62, 2**62])), "bytes where"),
    "data and frame": (broken(value(data=b"x")), "data or in one frame"),
    "neither": (broken(value(frame=None)), "data or in one frame"),
    "ragged": (broken(value(row_splits=b"")), "ragged"),
}


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


# Being interrupted, closed, shared


def test_control_c_ends_the_wait_and_the_client_lives_on():
    def interrupt(request, _):
        os.kill(os.getpid(), signal.SIGINT)

    with FakeServer(interrupt) as server, vigil.Client(server.endpoint) as client:
        with pytest.raises(KeyboardInterrupt):
            client.score("m", SMALL)
        server.handler = sums
        assert len(client.score("m", SMALL)) == 2


def test_closing_leaves_nothing_and_is_final():
    with FakeServer(sums) as server:
        with vigil.Client(server.endpoint) as client:
            client.score("m", LARGE)
        threads = {
            thread for thread in threading.enumerate() if "zmq" not in type(thread).__module__
        }
        assert threads == {threading.main_thread(), server._thread}
    assert client._context.closed
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.status()


def test_closing_does_not_linger_on_what_nobody_reads():
    with FakeServer(sums) as gone:
        pass
    client = vigil.Client(gone.endpoint, timeout=0.2)
    with pytest.raises(vigil.CannotConnect):
        client.models()
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("last_words", ["", "del client", "sys.exit(0)", "1 / 0"])
def test_a_process_that_forgets_to_close_ends(last_words):
    program = f"""
import sys, vigil
client = vigil.Client(sys.argv[1])
client.score("m", [[0.0] * 5] * 1000)
{last_words}
"""
    with FakeServer(sums) as server:
        ended = subprocess.run(
            [sys.executable, "-c", program, server.endpoint],
            timeout=PATIENCE, cwd=Path(vigil.__file__).parents[1], stderr=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
    assert ended.returncode == ("1 /" in last_words)


def test_a_second_thread_is_told_to_make_its_own():
    asked = threading.Event()
    done = threading.Event()

    def wait(request, frames):
        asked.set()
        done.wait(PATIENCE)
        return sums(request, frames)

    with FakeServer(wait) as server, vigil.Client(server.endpoint) as client:
        first = threading.Thread(target=client.score, args=("m", SMALL))
        first.start()
        assert asked.wait(PATIENCE)
        with pytest.raises(RuntimeError, match="one thread at a time"):
            client.status()
        done.set()
        first.join()
        assert len(client.score("m", SMALL)) == 2


def test_a_forked_child_is_told_to_make_its_own(monkeypatch):
    with FakeServer(sums) as server, vigil.Client(server.endpoint) as client:
        client.score("m", SMALL)
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: -1)
            with pytest.raises(RuntimeError, match="fork"):
                client.score("m", SMALL)
            client.close()
        assert len(client.score("m", SMALL)) == 2


# asyncio


def run(coroutine):
    """Runs to the end, within the patience of a test."""
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


def test_many_in_flight_are_matched_whatever_the_order():
    held = []

    def reversed_in_eights(request, frames):
        held.append(sums(request, frames))
        if len(held) < 8:
            return None
        replies = tuple(reversed(held))
        held.clear()
        return replies

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            return await asyncio.gather(*(client.score("m", values) for values in batches))

    batches = [(SMALL if k % 2 else LARGE) + np.float32(k) for k in range(64)]
    with FakeServer(reversed_in_eights) as server:
        found = run(scenario())
    for scores, values in zip(found, batches, strict=True):
        np.testing.assert_array_equal(scores.value, values.sum(axis=1))


def test_in_flight_is_bounded():
    async def scenario():
        async with vigil.AsyncClient(server.endpoint, max_in_flight=2) as client:
            await client.score("m", SMALL)
            server.handler = lambda *_: None
            calls = [asyncio.ensure_future(client.score("m", SMALL, deadline=9)) for _ in range(2)]
            while server.seen.qsize() < 3:
                await asyncio.sleep(0)
            with pytest.raises(vigil.NoReply, match="2 requests were in flight"):
                await client.score("m", SMALL, deadline=0.1)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            server.handler = sums
            assert len(await client.score("m", SMALL)) == 2

    with FakeServer(sums) as server:
        run(scenario())


def test_async_refusals_retries_and_control_requests():
    def handler(request, frames):
        if request.HasField("score"):
            return next(turns)(request, frames)
        reply = ok(request)
        if request.HasField("status"):
            reply.daemon.ready = True
        else:
            reply.reload.SetInParent()
        return [reply.SerializeToString()]

    async def scenario():
        async with vigil.AsyncClient([server.endpoint, server.endpoint]) as client:
            assert len(await client.score("m", SMALL)) == 2
            assert (await client.status()).ready
            assert await client.reload() == []
            assert [model.name for model in await client.models()] == ["m"]
            with pytest.raises(vigil.NotFound):
                await client.score("q", SMALL)
            with pytest.raises(ValueError):
                await client.score("m", SMALL.astype("c8"))

    turns = cycle([lambda request, _: refusal(request, wire.OVERLOADED), sums])
    with FakeServer(handler) as server:
        run(scenario())


def test_async_deadline_and_late_reply():
    late = []

    def one_behind(request, frames):
        late.append(sums(request, frames))
        return None if len(late) == 1 else tuple(late)

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            with pytest.raises(vigil.NoReply):
                await client.score("m", SMALL, deadline=0.2)
            return await client.score("m", SMALL + 1)

    with FakeServer(one_behind) as server:
        np.testing.assert_array_equal(run(scenario()).value, (SMALL + 1).sum(axis=1))


def test_async_loss_moves_every_request_in_flight_to_the_next_endpoint():
    count = [0]

    def die_at_last(request, _):
        count[0] += 1
        if count[0] == 16:
            raise Killed

    async def scenario():
        async with vigil.AsyncClient([mortal.endpoint, server.endpoint]) as client:
            return await asyncio.gather(*(client.score("m", SMALL + k) for k in range(16)))

    with FakeServer(die_at_last) as mortal, FakeServer(sums) as server:
        found = run(scenario())
    for k, scores in enumerate(found):
        np.testing.assert_array_equal(scores.value, (SMALL + k).sum(axis=1))


def test_async_nobody_listening():
    async def scenario():
        async with vigil.AsyncClient(gone.endpoint, timeout=0.3) as client:
            with pytest.raises(vigil.CannotConnect):
                await client.status()

    with FakeServer(sums) as gone:
        pass
    run(scenario())


@pytest.mark.parametrize("name", MALFORMED)
def test_async_replies_that_break_the_protocol(name):
    handler, words = MALFORMED[name]

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            with pytest.raises(vigil.BadReply, match=words):
                await client.score("m", LARGE)
            server.handler = sums
            assert len(await client.score("m", LARGE)) == 1000

    with FakeServer(handler) as server:
        run(scenario())


def test_async_cancelling_one_leaves_the_others():
    held = []

    def when_both_are_here(request, frames):
        held.append(sums(request, frames))
        return tuple(held) if len(held) == 2 else None

    async def scenario():
        async with vigil.AsyncClient(server.endpoint) as client:
            first = asyncio.ensure_future(client.score("m", SMALL))
            while not held:
                await asyncio.sleep(0)
            first.cancel()
            scores = await client.score("m", SMALL + 1)
            assert first.cancelled()
            return scores

    with FakeServer(when_both_are_here) as server:
        np.testing.assert_array_equal(run(scenario()).value, (SMALL + 1).sum(axis=1))


def test_async_close_fails_what_is_in_flight_and_leaves_no_task():
    async def scenario():
        client = vigil.AsyncClient([server.endpoint, server.endpoint])
        call = asyncio.ensure_future(client.score("m", SMALL))
        while server.seen.empty():
            await asyncio.sleep(0)
        await client.close()
        with pytest.raises(RuntimeError, match="closed"):
            await call
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await client.close()

    with FakeServer(lambda *_: None) as server:
        # Without wait_for: its task would be one more.
        asyncio.run(scenario())


def test_async_client_keeps_to_its_loop():
    async def ask():
        return await client.score("m", SMALL)

    with FakeServer(sums) as server:
        client = vigil.AsyncClient(server.endpoint)

        async def first():
            await ask()
            await client.close()

        run(first())
        with pytest.raises(RuntimeError, match="one event loop"):
            run(ask())
