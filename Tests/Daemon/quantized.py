"""Models made for tests of the quantizer, and events for them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from small_models import write_graph

CLASSES = 5
WIDE = """\
name: wide
task: classes
engine: onnx
batching: {maximum_rows: 64}
inputs:
  - {name: x, shape: [64], range: [-3, 3]}
outputs:
  - {name: probabilities, shape: [5]}
uncertainty:
  required: false
  coverage: 0.9
  outputs:
    - output: probabilities
      method: lac
      truth: label
      classes: [{name: a, labels: [0]}, {name: b, labels: [1]}, {name: c, labels: [2]},
                {name: d, labels: [3]}, {name: e, labels: [4]}]
"""
SMALL = """\
name: small
task: regression
engine: onnx
batching: {maximum_rows: 16}
inputs:
  - {name: x, shape: [8], range: [-3, 3], nonfinite: flag}
outputs:
  - {name: energy, unit: keV}
uncertainty:
  required: false
  coverage: 0.9
  outputs:
    - {output: energy, method: absolute, truth: truth}
"""
PLAIN = SMALL.split("uncertainty:")[0].replace("name: small", "name: plain", 1)
SUM = """\
name: sum
task: regression
engine: onnx
inputs:
  - {name: x, shape: [8], range: [-3, 3]}
outputs:
  - {name: total}
"""


class Network:
    """Layers of so many numbers, with activations between them."""

    def __init__(self, sizes, seed):
        random = np.random.default_rng(seed)
        self.layers = [
            (
                random.normal(0, np.sqrt(2 / before), (before, after)).astype("f4"),
                random.normal(0, 0.1, after).astype("f4"),
            )
            for before, after in zip(sizes, sizes[1:])
        ]

    def scores(self, x):
        """Of the last layer, in double precision."""
        for number, (weights, bias) in enumerate(self.layers):
            x = x.astype("f8") @ weights + bias
            if number < len(self.layers) - 1:
                x = np.maximum(x, 0)
        return x

    def write(self, path, nodes, output, shape):
        """The layers, the scores of which `nodes` make the output of."""
        constants, layers, name = [], [], "x"
        for number, (weights, bias) in enumerate(self.layers):
            constants += [
                numpy_helper.from_array(weights, f"w{number}"),
                numpy_helper.from_array(bias, f"b{number}"),
            ]
            inputs = [name, f"w{number}", f"b{number}"]
            last = number == len(self.layers) - 1
            name = "scores" if last else f"sum{number}"
            layers.append(helper.make_node("Gemm", inputs, [name], f"layer{number}"))
            if not last:
                layers.append(helper.make_node("Relu", [name], [f"hidden{number}"]))
                name = f"hidden{number}"
        width = len(self.layers[0][0])
        write_graph(
            path,
            layers + nodes,
            [("x", TensorProto.FLOAT, ["events", width])],
            [(output, TensorProto.FLOAT, ["events", *shape])],
            constants,
        )


def write_wide(folder):
    """Five classes by three hidden layers of 512."""
    network = Network([64, 512, 512, 512, CLASSES], seed=1)
    softmax = helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1)
    network.write(folder / "wide" / "1" / "model.onnx", [softmax], "probabilities", [CLASSES])
    (folder / "wide" / "model.yaml").write_text(WIDE)
    return network


def write_small(folder, manifest=SMALL, name="small"):
    """An energy by one hidden layer of 16."""
    network = Network([8, 16, 1], seed=2)
    # One number of each event, as a column and then without its axis.
    nodes = [
        helper.make_node("Constant", [], ["axis"], value_ints=[1]),
        helper.make_node("Squeeze", ["scores", "axis"], ["energy"]),
    ]
    network.write(folder / name / "1" / "model.onnx", nodes, "energy", [])
    (folder / name / "model.yaml").write_text(manifest)
    return network


def write_sum(folder):
    """A model without layers."""
    write_graph(
        folder / "sum" / "1" / "model.onnx",
        [helper.make_node("ReduceSum", ["x", "axis"], ["total"], keepdims=0)],
        [("x", TensorProto.FLOAT, ["events", 8])],
        [("total", TensorProto.FLOAT, ["events"])],
        [numpy_helper.from_array(np.array([1]), "axis")],
    )
    (folder / "sum" / "model.yaml").write_text(SUM)


def wide_events(network, count, seed):
    """Events whose class is drawn by the network's own probabilities."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (count, 64)).astype("f4")
    scores = network.scores(x)
    # The largest of scores with Gumbel's noise is a draw by softmax.
    return {"x": x, "label": np.argmax(scores + random.gumbel(size=scores.shape), axis=1)}


def small_events(network, count, seed):
    """Events whose energy is the network's, with noise."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (count, 8)).astype("f4")
    return {"x": x, "truth": network.scores(x)[:, 0] + random.normal(0, 0.2, count)}
