"""Refusals of what a request asks for, and what every transport must answer alike.

By real frames to the reference models: coverage, prior, extras, columns, values that are not
finite, deadlines, placements, delimiters, sockets, endpoints, frames too large.
"""

from __future__ import annotations

import numpy as np
import pytest
import zmq

from frames import Peer, control, delimited, message, refused, varint, wire
from peers import expected_of_reference, peer_of_reference, tree  # noqa: F401


@pytest.fixture(scope="module")
def hits(sample):
    return sample["hits"]


def cnn(hits, rows=1, **options):
    return message("position-cnn", "hits", hits[:rows], **options)


# MARK: Options


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.5, 1.5, np.nan, np.inf, -np.inf])
def test_a_bad_coverage(peer, hits, coverage):
    reply = peer.ask(cnn(hits, coverage=coverage))
    refused(reply, "INVALID", "coverage", f"found {float(coverage)}", "between 0 and 1")


@pytest.mark.parametrize("prior", [0.0, 1.0, -1e-9, 2.0, np.nan, np.inf])
def test_a_bad_prior(peer, features, prior):
    reply = peer.ask(tree(features, prior=prior))
    refused(reply, "INVALID", "prior", "found", "between 0 and 1")


def test_extreme_priors_give_probabilities(peer, features):
    for prior in (5e-324, 1e-300, np.nextafter(1, 0)):
        reply = peer.ask(tree(features, 500, prior=prior))
        assert reply.code == "OK"
        low, value, high = (reply.output("nr", part) for part in ("lower", "value", "upper"))
        assert (0 <= low).all() and (low <= value).all()
        assert (value <= high).all() and (high <= 1).all()


def test_a_coverage_of_what_has_no_interval(peer, features, hits):
    reply = peer.ask(tree(features, coverage=0.9))
    refused(reply, "UNSUPPORTED", "coverage", "task binary", "no intervals")
    reply = peer.ask(message("pattern-autoencoder", "hits", hits[:1], coverage=0.9))
    refused(reply, "UNSUPPORTED", "coverage", "task anomaly", "no intervals")
    reply = peer.ask(cnn(hits, coverage=0.9, raw=True))
    refused(reply, "UNSUPPORTED", "coverage", "raw answers", "no intervals")


def test_a_prior_of_what_has_no_probability(peer, features, hits):
    reply = peer.ask(cnn(hits, prior=0.5))
    refused(reply, "UNSUPPORTED", "prior", "task regression", "no probability")
    reply = peer.ask(tree(features, prior=0.5, raw=True))
    refused(reply, "UNSUPPORTED", "prior", "raw answers", "no probability")


def test_an_unknown_extra_and_priority(peer, features):
    def appended(field):
        content = tree(features).score.SerializeToString() + field
        return [b"\x08\x01" + delimited(0x12, content)]

    reply = peer.ask(tree(features, extras=[wire.EXTRA_UNKNOWN]))
    refused(reply, "INVALID", "extras[0]", "found 0", "allowed is ATTRIBUTIONS")
    reply = peer.ask(appended(b"\x58\x03"))
    refused(reply, "INVALID", "extras[0]", "found 3", "allowed is ATTRIBUTIONS")
    for value in (0, 4, 300):
        reply = peer.ask(appended(b"\x28" + varint(value)))
        refused(reply, "INVALID", "priority", f"found {value}", "TRIGGER, STANDARD, BULK")


def test_a_stream_is_a_name(peer, features):
    for name in ("a", "dark-matter_2.raw", "x" * 64):
        assert peer.ask(tree(features, stream=name)).code == "OK"
    for name in ("two words", "x" * 65, "a\nb", "µ"):
        reply = peer.ask(tree(features, stream=name))
        refused(reply, "INVALID", "stream", "allowed are 1 to 64 letters")


# MARK: Columns


def test_columns_of_a_wrong_type_length_or_size(peer, features):
    reply = peer.ask(tree(features, 2).column("run", [1, 2], dtype="<i4"))
    refused(reply, "INVALID", "columns[0].type", "found int32", "float32, float64")
    reply = peer.ask(tree(features, 2).column("run", [1, 2]).column("day", [1, 2], type=None))
    refused(reply, "INVALID", "columns[1].type", "no known type", "float32, float64")
    for values, found in (([1, 2, 3], "float64[3]"), ([[1], [2]], "float64[2, 1]")):
        reply = peer.ask(tree(features, 2).column("run", values, dtype="<f8"))
        refused(reply, "INVALID", "columns[0].shape")
        assert f"found {found}, allowed is float64[2]" in reply.status.message
    reply = peer.ask(tree(features, 2).column("run", [1, 2], data=bytes(7)))
    refused(reply, "INVALID", "columns[0].data", "found 7 bytes", "takes 8")


# MARK: Values that are not finite


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows, first", [(1, 0), (5, 3), (2000, 1500)])
def test_the_first_row_that_is_not_finite_is_named(peer, hits, rows, first, value):
    events = hits[:rows].copy()
    events[first, 60] = value
    events[-1, 0] = value
    for model in ("position-cnn", "pattern-autoencoder"):
        reply = peer.ask(message(model, "hits", events, framed=True))
        refused(reply, "INVALID", "inputs[0]", "'hits' is not finite", "finite values", row=first)


# MARK: Placements, delimiters, sockets


def test_a_reply_has_its_tensors_where_the_request_had_them(peer, features, expected):
    in_header = peer.ask(tree(features, 20))
    assert in_header.tensors == [] and in_header.bits() == expected
    in_frames = peer.ask(tree(features, 20, framed=True))
    assert in_frames.bits() == expected
    score = in_frames.message.score
    found = [entry.value for entry in score.p_values] + [score.log_likelihood_ratio]
    for entry in score.outputs:
        found += [entry.value, entry.lower, entry.upper]
    assert sorted(tensor.frame for tensor in found) == list(range(1, len(in_frames.tensors) + 1))
    assert not any(tensor.HasField("data") for tensor in found)


def test_a_delimiter_is_echoed_and_none_is_not(peer, features, expected):
    for framed in (False, True):
        made = tree(features, 20, framed=framed)
        assert not peer.ask(made).has_delimiter
        reply = peer.ask([b"", *made.frames])
        assert reply.has_delimiter and reply.bits() == expected
    assert peer.ask([b"", *control("status")]).has_delimiter


def test_a_second_delimiter_is_an_empty_header(peer):
    reply = peer.ask([b"", b"", *control("status")])
    refused(reply, "INVALID", "kind", "no kind")
    assert reply.has_delimiter


def test_a_req_socket_is_answered_again_and_again(daemon, features, expected):
    with Peer(daemon.endpoint, zmq.REQ) as req:
        for framed in (False, True):
            assert req.ask(tree(features, 20, framed=framed)).bits() == expected
            assert req.ask(message("none", "x", [1.0])).code == "NOT_FOUND"
            assert req.ask([b"\xff"]).code == "INVALID"
        assert req.ask(control("status")).message.daemon.ready


def test_all_endpoints_at_once_give_the_same_bits(daemon, features, hits):
    """Every transport, placement and priority; requests of all are in flight together."""
    with Peer(daemon.endpoint) as tcp, Peer(daemon.ipc) as ipc:
        status = tcp.ask(control("status")).message.daemon
        assert list(status.endpoints) == [daemon.endpoint, daemon.ipc]
        models = [("er-nr-tree", "features", features), ("er-nr-mlp", "features", features)]
        models += [("position-cnn", "hits", hits), ("pattern-autoencoder", "hits", hits)]
        asked = {}
        for number in range(48):
            model, name, values = models[number % 4]
            priority = (wire.TRIGGER, wire.STANDARD, wire.BULK)[number // 4 % 3]
            made = message(
                model, name, values[:300], id=number, framed=number // 12 % 2 == 0,
                priority=priority,
            )
            asked[number] = model
            (tcp if number // 24 == 0 else ipc).send(made)
        replies = tcp.take(24) | ipc.take(24)
        assert replies.keys() == asked.keys()
        for model in set(asked.values()):
            bits = [replies[number].bits() for number in asked if asked[number] == model]
            assert len(bits) == 12 and all(other == bits[0] for other in bits)


# MARK: Deadlines and frames too large


def test_a_deadline_that_has_passed(peer, features):
    reply = peer.ask(tree(features, deadline_microseconds=0))
    refused(reply, "DEADLINE_EXCEEDED", "deadline_microseconds", "had passed")


def test_the_longest_deadline_is_none(peer, features, expected):
    assert peer.ask(tree(features, 20, deadline_microseconds=2**64 - 1)).bits() == expected


def test_a_frame_past_the_limit_disconnects_its_client_alone(make_daemon, features):
    running = make_daemon(maximum_frame_mebibytes=1)
    with Peer(running.endpoint) as large, Peer(running.endpoint) as other:
        known = other.ask(tree(features, 20)).bits()
        rows = (1 << 20) // 20
        assert len(features[:1].repeat(rows, axis=0).tobytes()) <= 1 << 20
        events = features[:1].repeat(rows, axis=0)
        assert large.ask(message("er-nr-tree", "features", events, framed=True)).code == "OK"
        large.send([*control("status", id=5), bytes((1 << 20) + 1)])
        assert large.receive(1.0) is None
        # The socket connects again on its own.
        assert large.ask(control("status", id=6)).id == 6
        assert other.ask(tree(features, 20)).bits() == known
