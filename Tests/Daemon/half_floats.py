"""Models of float16 and bfloat16 made for tests, and numbers of those types."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from small_models import write_graph

TYPES = {
    "float16": (TensorProto.FLOAT16, np.float16),
    "bfloat16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16),
}
WEIGHTS = np.array([0.75, -1.5, 0.375], "f4")
EDGES = [-1.0, 1.0]
MANIFEST = """\
name: {name}
task: regression
engine: onnx
batching: {{maximum_rows: 16}}
inputs:
  - {{name: x, type: {type}, shape: [3], range: [-2, 2], nonfinite: flag{features}}}
outputs:
  - {{name: energy, type: {type}, unit: keV}}
  - {{name: both, type: {type}, shape: [2]}}
  - {{name: wide, unit: keV}}
uncertainty:
  required: false
  outputs:
    - output: energy
      method: absolute
      truth: truth
      bins: {{output: energy, edges: [-1, 1]}}
monitored: [{monitored}]
"""


def narrowed(values, type):
    """The numbers as that type has them."""
    return np.asarray(values, "f4").astype(TYPES[type][1])


def write_half(folder, type, name=None, features="", monitored="energy", rest=""):
    """`energy` is a weighted sum rounded to the type, `wide` the same before it was rounded."""
    name = name or type
    code = TYPES[type][0]
    write_graph(
        folder / name / "1" / "model.onnx",
        [
            helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["f", "w"], ["m"]),
            helper.make_node("ReduceSum", ["m", "axis"], ["wide"], keepdims=0),
            helper.make_node("Cast", ["wide"], ["energy"], to=code),
            helper.make_node("ReduceSum", ["m", "axis"], ["column"], keepdims=1),
            helper.make_node("Concat", ["column", "column"], ["pair"], axis=1),
            helper.make_node("Cast", ["pair"], ["both"], to=code),
        ],
        [("x", code, ["events", 3])],
        [
            ("energy", code, ["events"]),
            ("both", code, ["events", 2]),
            ("wide", TensorProto.FLOAT, ["events"]),
        ],
        [numpy_helper.from_array(WEIGHTS, "w"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    text = MANIFEST.format(name=name, type=type, features=features, monitored=monitored)
    (folder / name / "model.yaml").write_text(text + rest)
