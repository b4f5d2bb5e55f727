"""Refusals of what stands in a request: header, names, counts, tensors, frames.

By real frames to the reference models; options are in test_refusal_options.py, what needs
models of its own in test_model_refusals.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from frames import Message, Reply, control, delimited, message, refused, varint, wire
from peers import expected_of_reference, peer_of_reference, tree  # noqa: F401

TREE_OUTPUTS = ["margin", "prediction"]


# MARK: Header


@pytest.mark.parametrize(
    "header",
    [b"\x00", b"\xff" * 9, b"\x12\x7f", b"\x08\x05\x12\x05ab", bytes(1000), b"\x08" + b"\xff" * 12],
    ids=["zero", "ones", "cut", "cut score", "zeros", "endless number"],
)
def test_a_header_that_is_no_request_says_its_size(peer, header):
    reply = peer.ask([header])
    refused(reply, "INVALID", "header", f"{len(header)} bytes", "vigil.v1.Request")


def test_the_id_of_an_unreadable_header_is_echoed_when_it_came_first(peer):
    reply = peer.ask([b"\x08\xac\x02\x12\x7f"])
    refused(reply, "INVALID", "header", "5 bytes")
    assert reply.id == 300


@pytest.mark.parametrize(
    "header",
    [b"", wire.Request(id=5).SerializeToString(), b"\x08\x05\x92\x4b\x00"],
    ids=["empty", "no kind", "kind 1202"],
)
def test_a_request_without_a_known_kind_names_the_kinds(peer, header):
    reply = peer.ask([header])
    refused(reply, "INVALID", "kind", "no kind", "score, status, models, reload, truth, calibrations, monitoring")
    assert reply.id == (5 if header else 0)


def test_an_unreadable_header_with_a_delimiter_is_answered_behind_one(peer):
    reply = peer.ask([b"", b"\x12\x7f"])
    refused(reply, "INVALID", "header", "2 bytes")
    assert reply.has_delimiter and len(reply.frames) == 2


# MARK: Names


def test_no_model_named(peer, features):
    refused(peer.ask(message(None, "features", features[:1])), "INVALID", "model", "no model")


def test_an_unknown_model_lists_the_near_ones_nearest_first(peer, features):
    reply = peer.ask(message("er-nr-tre", "features", features[:1]))
    near = ["er-nr-tree", "er-nr-mlp", "trigger-mlp", "position-cnn", "pattern-autoencoder"]
    refused(reply, "NOT_FOUND", "model", "no model 'er-nr-tre'", near=near)


def test_a_model_of_a_hostile_name_is_quoted_and_not_found(peer, features):
    name = "é" * 5000
    reply = peer.ask(message(name, "features", features[:1]))
    assert (reply.code, reply.status.field) == ("NOT_FOUND", "model")
    assert name[:50] in reply.status.message


def test_an_unknown_version_lists_the_versions(peer, features):
    reply = peer.ask(tree(features, version="2"))
    refused(reply, "NOT_FOUND", "version", "'er-nr-tree'", "no version '2'", near=["1"])


def test_an_unknown_model_asked_for_by_a_models_query(peer):
    reply = peer.ask(control("models", id=9, model="position-cn"))
    assert (reply.id, reply.code, reply.status.field) == (9, "NOT_FOUND", "model")
    assert "no model 'position-cn'" in reply.status.message
    assert "position-cnn" in reply.status.near


def test_a_wrong_input_name_lists_the_right_ones(peer, features):
    reply = peer.ask(message("er-nr-tree", "feature", features[:1]))
    refused(reply, "INVALID", "inputs[0].name", "no input 'feature'", near=["features"])


def test_an_input_too_many(peer, features):
    reply = peer.ask(tree(features).input("hits", features[:1]))
    refused(reply, "INVALID", "inputs[1].name", "no input 'hits'", near=["features"])


def test_an_unknown_output_lists_the_right_ones(peer, features):
    reply = peer.ask(tree(features, outputs=["margin", "margins"]))
    refused(reply, "INVALID", "outputs[1]", "no output 'margins'", near=TREE_OUTPUTS)


def test_a_missing_input_is_named(peer):
    reply = peer.ask(message("er-nr-tree"))
    refused(reply, "INVALID", "inputs", "'features' is missing", "exactly features")


def test_a_repeated_input_is_named(peer, features):
    reply = peer.ask(tree(features).input("features", features[:1]))
    refused(reply, "INVALID", "inputs[1].name", "'features' stands twice")


# MARK: Counts


def test_too_many_inputs_columns_outputs(peer, features):
    many = tree(features)
    for _ in range(8):
        many.input("features", features[:1])
    refused(peer.ask(many), "INVALID", "inputs", "found 9", "allowed are 8")
    many = tree(features)
    for index in range(9):
        many.column(f"c{index}", [1])
    refused(peer.ask(many), "INVALID", "columns", "found 9", "allowed are 8")
    many = tree(features, outputs=["margin"] * 17)
    refused(peer.ask(many), "INVALID", "outputs", "found 17", "allowed are 16")
    assert peer.ask(tree(features, outputs=["margin"] * 16)).code == "OK"


def test_an_empty_batch(peer, features):
    reply = peer.ask(tree(features, 0))
    refused(reply, "INVALID", "inputs[0].shape", "found 0 events", "1 to 65536")
    reply = peer.ask(tree(features, 0, framed=True))
    refused(reply, "INVALID", "inputs[0].shape", "found 0 events", "1 to 65536")


def test_too_many_rows(peer):
    reply = peer.ask(message("er-nr-tree", "features", np.ones((65_537, 5)), framed=True))
    refused(reply, "INVALID", "inputs[0].shape", "found 65537 events", "1 to 65536")


# MARK: Tensors


def test_a_wrong_type(peer, features):
    made = message("er-nr-tree").input("features", features[:1], dtype="<f8")
    refused(peer.ask(made), "INVALID", "inputs[0].type", "found float64", "allowed is float32")


@pytest.mark.parametrize("type", [None, 0, 14, 200])
def test_an_unknown_type(peer, features, type):
    made = message("er-nr-tree").input("features", features[:1], type=None)
    header = made.request.SerializeToString()
    if type is not None:
        # Past the enumeration Python cannot say it: the field is appended to the tensor.
        tensor = made.score.inputs[0].SerializeToString() + b"\x10" + varint(type)
        header = b"\x08\x01" + delimited(0x12, b"\x0a\x0aer-nr-tree" + delimited(0x1A, tensor))
    refused(peer.ask([header]), "INVALID", "inputs[0].type", "no known type", "float32")


@pytest.mark.parametrize(
    "shape, found",
    [
        ([1, 4], "float32[1, 4]"),
        ([5], "float32[5]"),
        ([1, 5, 1], "float32[1, 5, 1]"),
        ([5, 1], "float32[5, 1]"),
        ([], "float32[]"),
    ],
)
def test_a_wrong_shape(peer, features, shape, found):
    made = message("er-nr-tree").input("features", features[:1], shape=shape)
    reply = peer.ask(made)
    refused(reply, "INVALID", "inputs[0].shape")
    assert f"found {found}, allowed is float32[events, 5]" in reply.status.message


def test_a_negative_size_and_too_many_dimensions(peer, features):
    made = message("er-nr-tree").input("features", features[:1], shape=[-1, 5])
    refused(peer.ask(made), "INVALID", "inputs[0].shape", "size -1", "whole numbers from 0")
    made = message("er-nr-tree").input("features", features[:1], shape=[1] * 9)
    refused(peer.ask(made), "INVALID", "inputs[0].shape", "found 9", "allowed are 8")


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("rows, takes", [(2, "takes 40"), (1 << 40, f"takes {20 << 40}")])
def test_a_wrong_byte_count(peer, features, framed, rows, takes):
    made = message("er-nr-tree")
    made.input("features", features[:3], framed=framed, shape=[rows, 5])
    refused(peer.ask(made), "INVALID", "inputs[0].data", "found 60 bytes", takes)


def test_a_byte_count_that_overflows(peer, features):
    made = message("er-nr-tree").input("features", features[:1], shape=[(1 << 63) - 1, 5])
    reply = peer.ask(made)
    refused(reply, "INVALID", "inputs[0].data", "found 20 bytes", "more than there can be")


def test_a_tensor_without_bytes(peer, features):
    made = message("er-nr-tree").input("features", features[:1], data=None)
    refused(peer.ask(made), "INVALID", "inputs[0].data", "found 0 bytes", "takes 20")


def test_row_splits_on_a_dense_input(peer, features):
    splits = np.array([0, 1], "<i8").tobytes()
    made = message("er-nr-tree").input("features", features[:1], row_splits=splits)
    refused(peer.ask(made), "INVALID", "inputs[0].row_splits", "'features' is not ragged")


# MARK: Frames


@pytest.mark.parametrize("frame", [0, 2, 33, 2**32 - 1])
def test_a_frame_number_out_of_range(peer, features, frame):
    made = message("er-nr-tree").input("features", features[:1], framed=True, frame=frame)
    reply = peer.ask(made)
    refused(reply, "INVALID", "inputs[0].frame", f"frame {frame}", "1 tensor frames")


def test_a_frame_number_out_of_range_for_splits_and_columns(peer, features):
    made = message("er-nr-tree").input("features", features[:1], row_splits_frame=1)
    refused(peer.ask(made), "INVALID", "inputs[0].row_splits_frame", "frame 1", "0 tensor frames")
    made = tree(features).column("run", [1], framed=True, frame=2)
    refused(peer.ask(made), "INVALID", "columns[0].frame", "frame 2", "1 tensor frames")


def test_a_tensor_both_in_the_header_and_in_a_frame(peer, features):
    made = message("er-nr-tree").input("features", features[:1], framed=True, data=bytes(20))
    refused(peer.ask(made), "INVALID", "inputs[0].frame", "in the header and in frame 1")


def test_more_frames_than_a_message_may_have(peer, features, expected):
    content = np.ascontiguousarray(features[:20], "<f4").tobytes()
    for frame, frames in ((32, 32), (33, 33), (40, 1000)):
        made = message("er-nr-tree").input("features", features[:20], frame=frame, data=None)
        made.tensors = [b""] * (frame - 1) + [content] + [b""] * (frames - frame)
        reply = peer.ask(made)
        if frame == 32:
            assert reply.bits() == expected
        else:
            refused(reply, "INVALID", "frames", f"found {frames} tensor frames", "allowed are 32")


# MARK: The helpers


def test_helpers_see_what_is_wrong():
    """The assertions of this file fail when they should."""
    status = wire.Status(code=wire.INVALID, message="found 65, allowed are 8", field="inputs")
    reply = Reply([wire.Reply(id=1, status=status).SerializeToString()])
    refused(reply, "INVALID", "inputs", "found 65", "allowed are 8")
    for wrong in (("NOT_FOUND", "inputs"), ("INVALID", "input"), ("INVALID", "inputs", "found 6")):
        with pytest.raises(AssertionError):
            refused(reply, *wrong)
    with pytest.raises(AssertionError):
        reply.bits()
    assert Message().frames == [wire.Request(id=1).SerializeToString()]
