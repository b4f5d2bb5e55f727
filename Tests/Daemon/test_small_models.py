"""Ragged inputs, several inputs, inputs of whole numbers, and an engine that fails.

By real frames to the two models of small_models.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from frames import message, refused, variant
from peers import peer_of_running  # noqa: F401
from small_models import write_small_models


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_small_models(folder)
    variant(folder, "er-nr-tree", "tree")
    return folder


# MARK: Ragged and several inputs


def tracks(content, splits, bias, framed=False, **options):
    """A request of `ragged`."""
    made = message("ragged")
    splits = np.asarray(splits, "<i8").tobytes()
    if framed:
        made.tensors.append(splits)
        options = {"row_splits_frame": len(made.tensors)} | options
    else:
        options = {"row_splits": splits} | options
    made.input("tracks", content, framed=framed, **options)
    return made.input("bias", bias, framed=framed)


CONTENT = np.arange(10, dtype="<f4").reshape(5, 2)


@pytest.mark.parametrize("framed", [False, True])
def test_ragged_events_are_answered(peer, framed):
    reply = peer.ask(tracks(CONTENT, [0, 2, 2, 5], [0, 100, 1000], framed))
    assert reply.output("sum").tolist() == [6.0, 100.0, 1039.0]
    assert len(reply.tensors) == (1 if framed else 0)


def test_only_a_model_that_lifts_reproducibility_says_so(peer):
    told = peer.ask(tracks(CONTENT, [0, 2, 2, 5], [0, 100, 1000], False)).message.score.provenance
    assert told.HasField("reproducible") and not told.reproducible
    assert not peer.ask(look_up(1)).message.score.provenance.HasField("reproducible")


@pytest.mark.parametrize("framed", [False, True])
def test_events_without_tracks_have_no_share_in_those_of_others(peer, framed):
    """Content of no bytes at all: nothing of the request before may be left in its place."""
    full = tracks(np.full((9, 2), 5), [0, 3, 6, 9], [0, 0, 0], framed)
    empty = tracks(np.empty((0, 2)), [0, 0, 0, 0], [7, 8, 9], framed)
    for _ in range(3):
        assert peer.ask(full).output("sum").tolist() == [30.0] * 3
        assert peer.ask(empty).output("sum").tolist() == [7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    "splits, row, said",
    [
        ([1, 2, 5], 0, "first split is 1, allowed is 0"),
        ([-1, 2, 5], 0, "first split is -1, allowed is 0"),
        ([0, 3, 2, 5], 1, "fall from 3 to 2"),
        ([0, 3, -(2**63), 5], 1, "fall from 3"),
        ([0, 1, 5], 1, "has 4 rows, allowed are 3"),
        ([0, 2**63 - 1], 0, "rows, allowed are 3"),
        ([0, 3, 6], 1, "split 6 passes the 5 rows"),
        ([0, 3, 4], None, "last split is 4, the content has 5 rows"),
    ],
)
@pytest.mark.parametrize("framed", [False, True])
def test_wrong_row_splits_name_the_first_event(peer, splits, row, said, framed):
    made = tracks(CONTENT, splits, [0] * (len(splits) - 1), framed)
    refused(peer.ask(made), "INVALID", "inputs[0].row_splits", said, row=row)


@pytest.mark.parametrize("splits", [None, b"", bytes(8), bytes(17)])
def test_row_splits_that_are_no_row_splits(peer, splits):
    reply = peer.ask(tracks(CONTENT, [], [0], row_splits=splits))
    said = (f"{len(splits or b'')} bytes of row splits", "events + 1 int64")
    refused(reply, "INVALID", "inputs[0].row_splits", *said)


def test_ragged_content_of_a_wrong_shape_or_size(peer):
    reply = peer.ask(tracks(CONTENT, [0, 2, 5], [0, 0], shape=[5, 3]))
    refused(reply, "INVALID", "inputs[0].shape")
    assert "found float32[5, 3], allowed is float32[events, 2]" in reply.status.message
    reply = peer.ask(tracks(CONTENT, [0, 3, 6], [0, 0], shape=[6, 2]))
    refused(reply, "INVALID", "inputs[0].data", "found 40 bytes", "takes 48")


def test_inputs_of_different_lengths(peer):
    reply = peer.ask(tracks(CONTENT, [0, 2, 5], [0, 0, 0]))
    refused(reply, "INVALID", "inputs[1].shape", "found 3 events", "first input has 2")


def test_one_of_two_inputs_is_missing(peer):
    reply = peer.ask(message("ragged", "bias", [1, 2]))
    refused(reply, "INVALID", "inputs", "'tracks' is missing", "exactly tracks, bias")


def test_more_events_than_the_manifest_allows(peer):
    rows = np.zeros((0, 2))
    assert peer.ask(tracks(rows, [0] * 7, [0] * 6)).code == "OK"
    reply = peer.ask(tracks(rows, [0] * 8, [0] * 7))
    refused(reply, "INVALID", "inputs[0].shape", "found 7 events", "1 to 6")


def test_a_frame_that_two_tensors_name_is_read_by_both(peer):
    made = tracks(np.ones((2, 2)), [0, 1, 2], [5, 6], framed=True)
    made.score.inputs[1].frame = made.score.inputs[0].frame
    made.score.inputs[1].shape[:] = [4]
    made.score.inputs[0].row_splits_frame = 3
    made.tensors[2] = np.array([0, 1, 2, 2, 2], "<i8").tobytes()
    assert peer.ask(made).output("sum").tolist() == [3.0, 3.0, 1.0, 1.0]


# MARK: Whole numbers, and an engine that fails


def test_no_uncertainty_declared_means_raw_answers_and_no_coverage(peer):
    def ask(**options):
        return peer.ask(message("lookup", **options).input("place", [3, 1], dtype="<i8"))

    assert ask().output("found").tolist() == [30.0, 10.0]
    refused(ask(coverage=0.9), "UNSUPPORTED", "coverage", "no intervals")


def look_up(*place, id=1):
    return message("lookup", id=id).input("place", place, dtype="<i8")


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 17, 33, 100])
def test_an_engine_that_failed_answers_the_next_request(peer, rows):
    """What made it fail may not stay behind in the rows that fill up a micro-batch."""
    refused(peer.ask(look_up(*[0] * 20, *[99] * 200)), "INTERNAL", "", "the engine failed")
    reply = peer.ask(look_up(*[1] * rows))
    assert reply.code == "OK", reply.status
    assert reply.output("found").tolist() == [10.0] * rows


def test_an_engine_that_fails_refuses_that_request_alone(peer):
    for number in range(30):
        place = [0, 99, 1] if number % 3 == 1 else [number % 4]
        peer.send(look_up(*place, id=number))
    for number, reply in peer.take(30).items():
        if number % 3 == 1:
            refused(reply, "INTERNAL", "", "the engine failed")
        else:
            assert reply.code == "OK", reply.status
            assert reply.output("found").tolist() == [10.0 * (number % 4)]
