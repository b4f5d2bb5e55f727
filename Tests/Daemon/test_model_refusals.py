"""Refusals that depend on the manifest: values that are not finite, columns, calibration.

By real frames to edited copies of the reference models.
"""

from __future__ import annotations

import numpy as np
import pytest

from daemon import MODELS
from frames import FEATURES, Peer, edit_calibration, message, refused, variant
from peers import peer_of_running  # noqa: F401

EDGES = "[600, 800, 1000, 1300, 1700, 2300, 3200, 4500, 6500]"


def read_bins_from_the_request(content):
    for output in content["outputs"] + content["regions"]:
        output["bin_columns"] = [{"source": "request", "name": "light"}]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    optional = ("required: true", "required: false")
    output_bins = f"{{output: s2_top, edges: {EDGES}}}"
    request_bins = (output_bins, f"{{request: light, edges: {EDGES}}}")
    tree, cnn = "er-nr-tree", "position-cnn"
    variant(folder, tree, "tree")
    variant(folder, tree, "tree-flag", ("nonfinite: missing", "nonfinite: flag"))
    variant(folder, tree, "tree-refuse", ("nonfinite: missing", "nonfinite: refuse"))
    variant(folder, "er-nr-mlp", "mlp-flag")
    variant(folder, cnn, "cnn-flag", ("nonfinite: refuse", "nonfinite: flag"))
    variant(folder, tree, "tree-bare", optional, calibrated=False)
    alien = variant(folder, tree, "tree-alien", optional)
    edit_calibration(alien, lambda content: content.update(artefact_digest="sha256:" + "0" * 64))
    column = variant(folder, cnn, "cnn-column", request_bins, request_bins)
    edit_calibration(column, read_bins_from_the_request)
    variant(folder, tree, "tree-broken", ("task: binary", "required: false\ntask: binary"))
    (folder / "tree-broken" / "1" / "model.json").write_text("{")
    return folder


# MARK: Values that are not finite


CASES = [("tree-flag", "features"), ("mlp-flag", "features"), ("cnn-flag", "hits")]


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("model, name", CASES)
def test_flagged_rows_carry_no_value_and_leave_the_others(
    peer, sample, features, model, name, raw, framed
):
    events = (features if name == "features" else sample["hits"])[:300]
    clean = peer.ask(message(model, name, events, raw=raw, framed=framed))
    assert all(array.shape[0] == 300 for array in clean.tensors_by_name().values())
    assert not any(entry.HasField("flags") for entry in clean.message.score.outputs)
    bad, broken = [0, 3, 77, 299], events.copy()
    for row, value in zip(bad, (np.nan, np.inf, -np.inf, np.nan)):
        broken[row, row % events.shape[1]] = value
    reply = peer.ask(message(model, name, broken, raw=raw, framed=framed))
    good = np.setdiff1d(np.arange(300), bad)
    assert reply.bits(good) == clean.bits(good)
    for entry in reply.message.score.outputs:
        flags = reply.array(entry.flags)
        assert flags.dtype == np.uint8 and np.flatnonzero(flags == 1).tolist() == bad
        assert (flags[good] == 0).all()
    for key, array in reply.tensors_by_name().items():
        assert "flags" in key or np.isnan(array[bad]).all(), key


def test_rows_that_are_all_flagged_are_still_answered(peer):
    reply = peer.ask(message("mlp-flag", "features", np.full((70, 5), np.nan)))
    assert reply.output("nr", "flags").tolist() == [1] * 70
    assert np.isnan(reply.output("nr")).all()


def test_refuse_names_the_first_row_although_the_tree_could_answer(peer, features):
    events = features[:3000].copy()
    events[2999, 0], events[1234, 4] = np.nan, -np.inf
    reply = peer.ask(message("tree-refuse", "features", events))
    said = ("'features' is not finite", "finite values")
    refused(reply, "INVALID", "inputs[0]", *said, row=1234)
    events[1234, 4] = 0
    refused(peer.ask(message("tree-refuse", "features", events)), "INVALID", "inputs[0]", row=2999)


def test_missing_values_take_the_branch_that_xgboost_takes(peer, features):
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.Booster(model_file=str(MODELS / "er-nr-tree" / "1" / "model.json"))
    random = np.random.default_rng(5)
    events = features[:2000].copy()
    events[random.random(events.shape) < 0.2] = np.nan
    events[7] = np.nan
    reply = peer.ask(message("tree", "features", events, raw=True))
    margin = booster.predict(
        xgboost.DMatrix(events, feature_names=list(FEATURES)), output_margin=True
    )
    assert reply.output("margin").tobytes() == margin.tobytes()
    assert not any(entry.HasField("flags") for entry in reply.message.score.outputs)
    # An infinity counts as missing, and neither as a number nor as zero.
    infinite = np.where(np.isnan(events), np.float32(np.inf), events)
    again = peer.ask(message("tree", "features", infinite, raw=True))
    assert again.bits() == reply.bits()
    zeros = peer.ask(message("tree", "features", np.nan_to_num(events), raw=True))
    assert (zeros.output("margin") != margin).mean() > 0.3


def test_a_missing_value_that_chooses_the_bin_leaves_a_probability(peer, features):
    events = features[:40].copy()
    events[[4, 9], 0] = np.nan
    reply = peer.ask(message("tree", "features", events))
    assert np.flatnonzero(reply.output("nr", "flags")).tolist() == [4, 9]
    assert reply.output("nr", "flags")[[4, 9]].tolist() == [4, 4]
    assert ((0 < reply.output("nr")) & (reply.output("nr") < 1)).all()
    for entry in reply.message.score.p_values:
        assert np.flatnonzero(np.isnan(reply.array(entry.value))).tolist() == [4, 9]


# MARK: Columns


def light(sample, rows, **options):
    hits = sample["hits"][:rows]
    return message("cnn-column", "hits", hits, **options), hits.sum(axis=1)


def test_a_column_that_chooses_the_bin_must_be_there(peer, sample):
    made, _ = light(sample, 4)
    said = ("'light' is missing", "output 'x'")
    refused(peer.ask(made), "INVALID", "columns", *said)
    refused(peer.ask(made.column("lights", [1] * 4)), "INVALID", "columns", *said)
    assert peer.ask(light(sample, 4, raw=True)[0]).code == "OK"


def test_a_column_chooses_the_bin_in_either_width(peer, sample):
    made, column = light(sample, 500)
    narrow = peer.ask(made.column("light", column))
    wide = peer.ask(light(sample, 500)[0].column("light", column, dtype="<f8", framed=True))
    assert narrow.bits() == wide.bits()
    other = peer.ask(light(sample, 500)[0].column("light", column * 3))
    assert (other.output("x", "upper") != narrow.output("x", "upper")).mean() > 0.5
    assert other.output("x").tobytes() == narrow.output("x").tobytes()


def test_a_column_of_a_wrong_length(peer, sample):
    made, column = light(sample, 4)
    reply = peer.ask(made.column("light", column[:3]))
    refused(reply, "INVALID", "columns[0].shape")
    assert "found float32[3], allowed is float32[4]" in reply.status.message


def test_a_column_value_that_is_nan_has_no_interval(peer, sample):
    made, column = light(sample, 6)
    clean = peer.ask(made.column("light", column))
    column[2] = np.nan
    reply = peer.ask(light(sample, 6)[0].column("light", column))
    for name in ("x", "y"):
        assert reply.output(name, "flags").tolist() == [0, 0, 4, 0, 0, 0]
        assert np.isnan(reply.output(name, "lower")).tolist() == [False] * 2 + [True] + [False] * 3
        assert np.isnan(reply.output(name, "upper")[2]) and np.isfinite(reply.output(name)).all()
    assert reply.bits([0, 1, 3, 4, 5]) == clean.bits([0, 1, 3, 4, 5])


def test_a_column_that_the_model_does_not_use_changes_nothing(peer, sample):
    made, column = light(sample, 4)
    plain = peer.ask(made.column("light", column))
    made, column = light(sample, 4)
    more = peer.ask(made.column("light", column).column("other", column * 2))
    assert (plain.code, more.code) == ("OK", "OK")
    for part in ("value", "lower", "upper"):
        np.testing.assert_array_equal(more.output("x", part), plain.output("x", part))


def test_a_column_given_twice(peer, sample):
    made, column = light(sample, 4)
    reply = peer.ask(made.column("light", column).column("light", column))
    refused(reply, "INVALID", "columns[1].name", "'light' is given twice")


# MARK: Calibration


@pytest.mark.parametrize(
    "model, reason",
    [
        ("tree-bare", "no calibration file"),
        ("tree-alien", "artefact_digest is sha256:0000000000"),
    ],
)
def test_without_its_calibration_a_model_answers_raw_scores_only(
    peer, features, model, reason
):
    known = peer.ask(message("tree", "features", features[:50], raw=True))
    for options in ({}, {"prior": 0.5}, {"outputs": ["margin"]}):
        reply = peer.ask(message(model, "features", features[:50], **options))
        refused(reply, "UNSUPPORTED", "raw", f"'{model}'", "raw scores only")
        assert reason in reply.status.message
    raw = peer.ask(message(model, "features", features[:50], raw=True))
    assert raw.bits() == known.bits()
    assert not raw.message.score.provenance.HasField("calibration")


# MARK: What cannot be answered


def test_a_model_that_does_not_serve_says_why(peer, features):
    reply = peer.ask(message("tree-broken", "features", features[:1]))
    refused(reply, "UNAVAILABLE", "model", "'tree-broken' does not serve")
    assert reply.status.retry_after_microseconds >= 1000
    assert len(reply.status.message) > len("model 'tree-broken' does not serve: ") + 10


def test_the_largest_answer_that_can_be_asked_for(make_daemon, tmp_path, sample):
    """Five calibrated outputs and sixteen raw ones, every one with flags."""
    names = ["x", "y", "x_low", "y_low", "x_high"]
    entries = "".join(
        f"    - {{output: {name}, method: cqr, lower: x_low, upper: x_high, truth: t, "
        f"bins: {{output: s2_top, edges: {EDGES}}}}}\n"
        for name in names
    )
    version = variant(
        tmp_path, "position-cnn", "wide", ("nonfinite: refuse", "nonfinite: flag")
    )
    manifest = tmp_path / "wide" / "model.yaml"
    text = manifest.read_text()
    head = text[: text.index("    - output: x")]
    manifest.write_text(head + entries)

    def spread(content):
        one = content["outputs"][0]
        content["outputs"] = [one | {"output": name} for name in names]

    edit_calibration(version, spread)
    running = make_daemon(tmp_path)
    hits = sample["hits"][:10]
    with Peer(running.endpoint) as peer:
        assert len(peer.ask(message("wide", "hits", hits)).message.score.outputs) == 5
        outputs = ["x", "y", "s2_top", "x_low"] * 4
        peer.send(message("wide", "hits", hits, outputs=outputs))
        reply = peer.receive(5)
        assert running.process.poll() is None, f"ended by a request: {running.log()[-2000:]}"
        found = [entry.name for entry in reply.message.score.outputs]
        assert found == [*names, *outputs] or reply.code == "INVALID", reply.status
