"""Small models that explain their scores, and what the explanations ought to be."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from daemon import MODELS
from small_models import write_graph

DIGEST = "sha256:" + "ab" * 32
NETWORK = """\
name: {name}
task: regression
engine: onnx
batching: {{maximum_rows: 64}}
inputs:
  - {{name: x, shape: [{features}], range: [-2, 2]{rest}}}
outputs:
  - {{name: score, unit: keV}}
explain: {explain}
"""
IMAGE = """\
name: {name}
task: regression
engine: onnx
reproducible: false
batching: {{maximum_rows: 64}}
inputs:
  - {{name: pixels, shape: [2, 5, 7], range: [-2, 2], nonfinite: flag}}
outputs:
  - {{name: score}}
explain: {explain}
"""
PULLS = """\
name: pulls
task: anomaly
engine: onnx
batching: {maximum_rows: 64}
inputs:
  - {name: x, shape: [7], range: [-2, 2], nonfinite: flag}
  - {name: scale, range: [1, 2]}
outputs:
  - {name: pulls, shape: [7]}
  - {name: mean, shape: []}
explain: {method: pulls, pulls: pulls}
"""
NAMES = ", features: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]"


class Network:
    """score = w2 . tanh(x W + b): every feature interacts with every other."""

    def __init__(self, features, hidden=9, seed=5):
        random = np.random.default_rng(seed)
        self.weights = random.normal(0, 0.7, (features, hidden)).astype("f4")
        self.bias = random.normal(0, 0.5, hidden).astype("f4")
        self.last = random.normal(0, 1, (hidden, 1)).astype("f4")
        self.features = features

    def score(self, x):
        """In double precision."""
        x = np.asarray(x, "f8")
        return (np.tanh(x @ self.weights + self.bias) @ self.last)[..., 0]

    def constants(self):
        named = {"w": self.weights, "b": self.bias, "v": self.last, "shape": np.array([-1])}
        return [numpy_helper.from_array(value, name) for name, value in named.items()]

    def write(self, path):
        """The model's artefact."""
        write_graph(
            path,
            [
                helper.make_node("MatMul", ["x", "w"], ["u"]),
                helper.make_node("Add", ["u", "b"], ["t"]),
                helper.make_node("Tanh", ["t"], ["h"]),
                helper.make_node("MatMul", ["h", "v"], ["s"]),
                helper.make_node("Reshape", ["s", "shape"], ["score"]),
            ],
            [("x", TensorProto.FLOAT, ["events", self.features])],
            [("score", TensorProto.FLOAT, ["events"])],
            self.constants(),
        )

    def write_gradient(self, path, name="x", width=None):
        """The gradient of the score, (1 - h^2) v W^T."""
        constants = [
            numpy_helper.from_array(self.weights, "w"),
            numpy_helper.from_array(self.bias, "b"),
            numpy_helper.from_array(self.last[:, 0], "v"),
            numpy_helper.from_array(np.ascontiguousarray(self.weights.T[:, :width]), "wt"),
            numpy_helper.from_array(np.ones(1, "f4"), "one"),
        ]
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.parent / "gradient-in-the-making" / "model.onnx"
        write_graph(
            made,
            [
                helper.make_node("MatMul", [name, "w"], ["u"]),
                helper.make_node("Add", ["u", "b"], ["t"]),
                helper.make_node("Tanh", ["t"], ["h"]),
                helper.make_node("Mul", ["h", "h"], ["hh"]),
                helper.make_node("Sub", ["one", "hh"], ["d"]),
                helper.make_node("Mul", ["d", "v"], ["dv"]),
                helper.make_node("MatMul", ["dv", "wt"], ["gradient"]),
            ],
            [(name, TensorProto.FLOAT, ["events", self.features])],
            [("gradient", TensorProto.FLOAT, ["events", width or self.features])],
            constants,
        )
        made.rename(path)
        made.parent.rmdir()


def write_network(folder, name, network, explain, rest="", background=None, gradient=False):
    """A model of a network."""
    network.write(folder / name / "1" / "model.onnx")
    text = NETWORK.format(name=name, features=network.features, rest=rest, explain=explain)
    (folder / name / "model.yaml").write_text(text)
    if background is not None:
        write_background(folder / name / "1", name, "x", background)
    if gradient:
        network.write_gradient(folder / name / "1" / "gradient.onnx")


def write_background(version, model, name, rows, **replaced):
    """A background file; `replaced` are keys that are to be wrong."""
    rows = np.asarray(rows, "f4")
    content = {
        "format": 1,
        "model": model,
        "input": name,
        "shape": list(rows.shape[1:]),
        "date": "2026-11-24T06:34:00Z",
        "data_digest": DIGEST,
        "rows": [
            [None if math.isnan(value) else float(value) for value in row.ravel()] for row in rows
        ],
    } | replaced
    (version / "background.json").write_text(json.dumps(content))


def image_score(pixels):
    """A sum of products of neighbours, of both channels."""
    pixels = np.asarray(pixels, "f8")
    return (pixels[:, 0, :, :-1] * pixels[:, 1, :, 1:]).sum((1, 2)) + pixels.sum((1, 2, 3))


def write_image(folder, name, explain):
    """A model of an image."""
    number = TensorProto.FLOAT

    def whole(name, *values):
        return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)

    write_graph(
        folder / name / "1" / "model.onnx",
        [
            helper.make_node("Slice", ["pixels", "l0", "l1", "axes"], ["left"]),
            helper.make_node("Slice", ["pixels", "r0", "r1", "axes"], ["right"]),
            helper.make_node("Mul", ["left", "right"], ["product"]),
            helper.make_node("ReduceSum", ["product", "all"], ["pairs"], keepdims=0),
            helper.make_node("ReduceSum", ["pixels", "all"], ["sum"], keepdims=0),
            helper.make_node("Add", ["pairs", "sum"], ["score"]),
        ],
        [("pixels", number, ["events", 2, 5, 7])],
        [("score", number, ["events"])],
        [
            whole("l0", 0, 0), whole("l1", 1, 6), whole("r0", 1, 1), whole("r1", 2, 7),
            whole("axes", 1, 3), whole("all", 1, 2, 3),
        ],
    )  # fmt: skip
    (folder / name / "model.yaml").write_text(IMAGE.format(name=name, explain=explain))


def write_pulls(folder):
    """Pulls of seven sensors with an uncertainty that comes with the event."""
    number = TensorProto.FLOAT
    write_graph(
        folder / "pulls" / "1" / "model.onnx",
        [
            helper.make_node("Unsqueeze", ["scale", "one"], ["column"]),
            helper.make_node("Div", ["x", "column"], ["pulls"]),
            helper.make_node("Mul", ["pulls", "pulls"], ["squares"]),
            helper.make_node("ReduceMean", ["squares"], ["mean"], axes=[1], keepdims=0),
        ],
        [("x", number, ["events", 7]), ("scale", number, ["events"])],
        [("pulls", number, ["events", 7]), ("mean", number, ["events"])],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    (folder / "pulls" / "model.yaml").write_text(PULLS)


def write_tree(folder, name, explain, background=None):
    """The reference tree model under another name, explained in another way."""
    shutil.copytree(MODELS / "er-nr-tree" / "1", folder / name / "1")
    for path in (folder / name / "1").glob("*.json"):
        if path.name != "model.json":
            path.unlink()
    text = (MODELS / "er-nr-tree" / "model.yaml").read_text()
    for key in ("explain", "uncertainty", "monitored"):
        text = re.sub(rf"(?m)^{key}:.*\n(?:[ #].*\n)*", "", text)
    text = text.replace("name: er-nr-tree", f"name: {name}", 1)
    (folder / name / "model.yaml").write_text(f"{text}explain: {explain}\n")
    if background is not None:
        write_background(folder / name / "1", name, "features", background)


def session(path):
    """Runs an artefact as the test does: onnxruntime by itself."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def shapley(score, x, background):
    """Shapley values of one event by the sum over all coalitions, and the mean of the background."""
    count = len(x)
    masks = np.array(list(itertools.product([False, True], repeat=count)))
    rows = np.where(masks[:, None, :], x, background[None])
    value = score(rows.reshape(-1, count).astype("f4")).astype("f8").reshape(len(masks), -1).mean(1)
    of = {tuple(mask): value[place] for place, mask in enumerate(masks)}
    found = np.zeros(count)
    for mask in masks:
        size = int(mask.sum())
        weight = math.factorial(size) * math.factorial(count - size - 1) if size < count else 0
        for feature in np.flatnonzero(~mask):
            joined = mask.copy()
            joined[feature] = True
            found[feature] += weight * (of[tuple(joined)] - of[tuple(mask)])
    return found / math.factorial(count), of[(False,) * count]
