"""The gradient of er-nr-mlp's margin, as a graph of its own made from the trained model.onnx.

Input `features` (batch, 5) as the model's. Output `gradient` (batch, 5): the derivative of `margin`
by each feature, per the feature's unit. The margin of members with logits l is
log(sum p) - log(sum q) with p = sigmoid(l), q = sigmoid(-l), so that its derivative by one logit is
q p / sum(p) + p q / sum(q); the rest is the chain rule through three layers. Needs no torch: the
weights are those of the model's file.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import data
from .running import batch_dependent_outputs, run, session

MEMBERS, LANES, OPSET = 5, 16, 18
"""As in er_nr_mlp, lanes and export, which need torch."""
IR_VERSION = 8
AREAS = 2
"""The first features are areas, which enter as log10."""
WEIGHTS = ["standardisation.mean", "standardisation.scale", "weight_first", "bias_first",
           "weight_last", "bias_last", "not_member",
           *(f"second.{member}.{part}" for member in range(MEMBERS) for part in ("weight", "bias"))]
STEP = 1e-6
"""Of the finite differences, relative to the feature."""
TOLERANCE = 1e-4
"""Allowed difference to them, relative to the largest derivative of a feature: float32 rounding."""
KINKS = 1e-3
"""Allowed share of derivatives on another side of a relu's kink than in double precision."""


class Graph:
    """An ONNX graph in the making: each call of an operator's name adds a node."""

    def __init__(self, constants):
        self.nodes = []
        self.constants = [numpy_helper.from_array(value, name) for name, value in constants.items()]

    def __getattr__(self, operator):
        def add(*inputs, outputs=1, names=None, **attributes):
            names = names or [f"{operator}_{len(self.nodes)}_{part}" for part in range(outputs)]
            self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
            return names if outputs > 1 else names[0]
        return add


def constants(model):
    """Weights of the model and what the formulas need, by name."""
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    width = len(data.FEATURES)
    return {name: stored[name] for name in WEIGHTS} | {
        "one": np.float32(1), "log_ten": np.float32(np.log(10)),
        "is_area": np.arange(width) < AREAS, "no_areas": np.ones(width, np.float32),
        "lanes": np.array([0, LANES - width]), "columns": np.array([1]),
        "first_column": np.array([0]), "width": np.array([width]),
    }


def log_sigmoid(graph, logits):
    """As in er_nr_mlp."""
    overflow_free = graph.Log(graph.Add(graph.Exp(graph.Neg(graph.Abs(logits))), "one"))
    return graph.Sub(graph.Neg(overflow_free), graph.Relu(graph.Neg(logits)))


def share_of_members(graph, logits):
    """(batch, LANES): sigmoid(logits) of each member divided by their sum."""
    return graph.Softmax(graph.Add(log_sigmoid(graph, logits), "not_member"), axis=1)


def through_relu(graph, gradient, hidden):
    """The gradient before a relu. The sign lets a NaN through, which a comparison would hide."""
    return graph.Mul(gradient, graph.Sign(hidden))


def gradient_graph(model):
    """The ONNX model of the gradient, of the model's own."""
    graph = Graph(constants(model))
    # Forward. Log runs on full lanes (see lanes.py); of other features its results are dropped.
    logs = graph.Log(graph.Pad("features", "lanes", "", "columns"))
    logs = graph.Slice(logs, "first_column", "width", "columns")
    inputs = graph.Where("is_area", graph.Div(logs, "log_ten"), "features")
    inputs = graph.Div(graph.Sub(inputs, "standardisation.mean"), "standardisation.scale")
    first = graph.Relu(graph.Gemm(inputs, "weight_first", "bias_first"))
    second = [graph.Relu(graph.Gemm(part, f"second.{member}.weight", f"second.{member}.bias",
                                    transB=1))
              for member, part in enumerate(graph.Split(first, outputs=MEMBERS, axis=1,
                                                        num_outputs=MEMBERS))]
    joined = graph.Concat(*second, axis=1)
    logits = graph.Gemm(joined, "weight_last", "bias_last")
    # Backward.
    negative = graph.Neg(logits)
    by_logits = graph.Add(
        graph.Mul(share_of_members(graph, logits), graph.Sigmoid(negative)),
        graph.Mul(share_of_members(graph, negative), graph.Sigmoid(logits)))
    by_joined = through_relu(graph, graph.Gemm(by_logits, "weight_last", transB=1), joined)
    parts = graph.Split(by_joined, outputs=MEMBERS, axis=1, num_outputs=MEMBERS)
    by_first = graph.Concat(*(graph.Gemm(part, f"second.{member}.weight")
                              for member, part in enumerate(parts)), axis=1)
    by_inputs = graph.Gemm(through_relu(graph, by_first, first), "weight_first", transB=1)
    # d log10(area) = d area / (area ln 10).
    unit = graph.Where("is_area", graph.Mul("features", "log_ten"), "no_areas")
    gradient = graph.Div(by_inputs, graph.Mul(unit, "standardisation.scale"))
    graph.Identity(gradient, names=["gradient"])
    shape = ["batch", len(data.FEATURES)]
    made = helper.make_graph(
        graph.nodes, "er-nr-mlp-gradient",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("gradient", TensorProto.FLOAT, shape)], graph.constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)],
                             ir_version=IR_VERSION)


def in_double(model):
    """The same model in double precision."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for tensor in [*model.graph.initializer,
                   *(attribute.t for node in model.graph.node for attribute in node.attribute
                     if attribute.HasField("t"))]:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return model


def finite_differences(model, features):
    """Central differences of the margin (events, 5), in double precision."""
    margin = session(in_double(model).SerializeToString())
    features = features.astype(np.float64)
    columns = []
    for column in range(features.shape[1]):
        step = np.zeros_like(features)
        step[:, column] = STEP * np.maximum(np.abs(features[:, column]), 1)
        high, low = (run(margin, features + sign * step)["margin"] for sign in (1, -1))
        columns.append((high - low) / (2 * step[:, column]))
    return np.stack(columns, axis=1)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="events to check it with, train.npz or sample.npz")
    parser.add_argument("--model", type=Path, default=Path("models/er-nr-mlp/1/model.onnx"),
                        help="the trained model; gradient.onnx is written beside it "
                             "(default: %(default)s)")
    options = parser.parse_args()
    model = onnx.load(options.model)
    path = options.model.with_name("gradient.onnx")
    onnx.save(gradient_graph(model), path)
    onnx.checker.check_model(str(path), full_check=True)
    features = data.load_features(options.data)[0][:4096]
    found, wanted = run(session(path), features)["gradient"], finite_differences(model, features)
    difference = np.abs(found - wanted) / np.abs(wanted).max(axis=0)
    wrong = (difference > TOLERANCE).mean()
    variant = batch_dependent_outputs(path, features)
    if wrong > KINKS or variant:
        sys.exit(f"{path}: {wrong:.2%} of the derivatives differ from finite differences, "
                 f"batch-dependent outputs: {variant or 'none'}")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, differs from finite differences by "
          f"{np.quantile(difference, 1 - KINKS):.1e} of full scale, every row bit-identical in "
          "every batch")


if __name__ == "__main__":
    main()
