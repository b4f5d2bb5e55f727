"""The reference models' explanations: the gradient graph's derivatives, and shares that add up."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, numpy_helper

from command import features
from daemon import MODELS, ROOT

MLP = MODELS / "er-nr-mlp" / "1"
METHODS = {
    "er-nr-tree": ("margin", "tree-path", 1e-5),
    # 128 gradients on the way through a network of kinks.
    "er-nr-mlp": ("margin", "integrated-gradients", 0.05),
    "kinematic-neighbours": ("score", "exact-shapley", 1e-9),
    "pattern-autoencoder": ("pulls", "pulls", 1e-9),
    "position-cnn": ("x", "occlusion", None),
}


def run(model, values):
    """Outputs of an artefact by name, of onnxruntime itself."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: values})))


def in_double(path):
    """A model's bytes, every float32 made a float64."""
    model = onnx.load(path)
    attributes = [a for node in model.graph.node for a in node.attribute if a.HasField("t")]
    for tensor in [*model.graph.initializer, *(attribute.t for attribute in attributes)]:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype("f8")
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return model.SerializeToString()


def test_the_gradient_is_the_derivative_of_the_margin(sample):
    events = features(sample, sample["kind"] <= 1).astype("f4")[:3000]
    found = run(MLP / "gradient.onnx", events)["gradient"]
    margin, wide = in_double(MLP / "model.onnx"), events.astype("f8")
    for column in range(events.shape[1]):
        step = np.zeros_like(wide)
        step[:, column] = 1e-6 * np.maximum(np.abs(wide[:, column]), 1)
        high, low = (run(margin, wide + sign * step)["margin"] for sign in (1, -1))
        wanted = (high - low) / (2 * step[:, column])
        difference = np.abs(found[:, column] - wanted) / np.abs(wanted).max()
        # One step in some thousands crosses a kink, or stands on its other side in float32.
        assert np.quantile(difference, 0.999) < 1e-5, column


def test_the_gradient_of_an_event_is_the_same_in_every_batch(sample):
    events = features(sample, slice(0, 300)).astype("f4")
    together = run(MLP / "gradient.onnx", events)["gradient"]
    for size in (1, 2, 7, 16, 64):
        for start in range(0, 40, size):
            rows = slice(start, start + size)
            alone = run(MLP / "gradient.onnx", events[rows])["gradient"]
            assert alone.tobytes() == together[rows].tobytes()


def test_a_feature_that_is_not_finite_gives_no_gradient(sample):
    events = features(sample, slice(0, 5)).astype("f4")
    for column in range(5):
        events[column, column] = np.nan
    assert np.isnan(run(MLP / "gradient.onnx", events)["gradient"]).all()


def test_the_gradient_graph_is_the_one_that_the_trained_model_gives():
    program = (
        "import onnx, sys; from train.er_nr_mlp_gradient import gradient_graph;"
        f"made = gradient_graph(onnx.load({str(MLP / 'model.onnx')!r}));"
        "sys.stdout.buffer.write(made.SerializeToString())"
    )
    made = subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=ROOT / "Zoo", capture_output=True, check=True
    )
    assert made.stdout == (MLP / "gradient.onnx").read_bytes()


def test_the_positions_are_those_of_the_simulated_array():
    made = subprocess.run(
        [sys.executable, "-B", "-m", "dataset.pmt_array"], cwd=ROOT / "Zoo", capture_output=True,
        check=True,
    )  # fmt: skip
    assert made.stdout == (ROOT / "Zoo" / "pmt_positions.csv").read_bytes()


@pytest.mark.parametrize("name", METHODS)
def test_shares_add_up_to_the_score(served, sample, name):
    output, method, tolerance = METHODS[name]
    rows = np.flatnonzero(sample["kind"] <= 1)[:100]
    with served.client() as client:
        (model,) = client.models(name)
        values = features(sample, rows) if len(model.inputs[0].features) else sample["hits"][rows]
        raw = client.score(name, values, raw=True).outputs
        made = client.score(name, values, attributions=True).attributions
    assert model.explanation.reason is None
    assert (made.output, made.method) == (output, method)
    assert made.value.shape == (100, model.inputs[0].shape[0])
    # The pulls' mean square is an output of its own.
    explained = raw["score" if method == "pulls" else output].value
    np.testing.assert_allclose(made.score, explained, rtol=1e-5, atol=1e-4)
    if tolerance is None:
        assert made.base is None
        return
    off = np.abs(made.base + made.value.sum(axis=1) - made.score)
    print(f"{name}: shares miss the score by at most {off.max():.2g}")
    assert np.all(off <= tolerance * np.maximum(np.abs(made.score), 1))
    np.testing.assert_allclose(made.residual, off, atol=1e-12)


def test_the_size_of_an_s2_tells_nuclear_recoils(served, sample):
    """Recoils of one kind are told by S2 against S1: no place in the detector means more."""
    rows = np.flatnonzero(sample["kind"] <= 1)[:500]
    for name in ("er-nr-tree", "er-nr-mlp"):
        with served.client() as client:
            made = client.score(name, features(sample, rows), attributions=True).attributions
        strength = dict(zip(made.features, np.abs(made.value).mean(axis=0)))
        assert strength["s2c"] > 3 * max(strength[axis] for axis in ("x_s2", "y_s2"))
