#!/usr/bin/env python3
"""Writes the models that only the benchmark needs, as a folder that vigild serves.

usage: make.py FOLDER

null            answers its input (16 float32): what is left is what serving costs
null-monitored  the same, with eight features that are watched for drift and references of them
cnn             three convolutions over a 64 x 64 image, four classes: about 30 us an event on one core
large           an MLP with 81 MiB of weights: loading it takes a while and weighs something

The same bytes each time: weights are bits of a seeded PCG64, which NumPy keeps as they are.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, save

OPSET = 17
IR_VERSION = 8

NULL = """\
name: "null"
summary: answers its input, so that serving alone is measured
task: regression
engine: onnx
batching: {maximum_rows: 1024}
queue: {requests: 4096}
inputs:
  - {name: x, shape: [16]}
outputs:
  - {name: y, shape: [16]}
"""
MONITORED = """\
name: "null-monitored"
summary: answers its input, eight features of which are counted
task: regression
engine: onnx
batching: {maximum_rows: 1024}
queue: {requests: 4096}
inputs:
  - name: x
    shape: [16]
    features:
%s
outputs:
  - {name: y, shape: [16]}
monitored: [x0, x1, x2, x3, x4, x5, x6, x7]
""" % "\n".join(f'      - {{name: x{place}, unit: "1"}}' for place in range(16))
CNN = """\
name: cnn
summary: four classes of a 64 x 64 image, weights drawn at random
task: classes
engine: onnx
batching: {maximum_rows: 1024}
inputs:
  - {name: image, shape: [1, 64, 64]}
outputs:
  - {name: scores, shape: [4]}
"""
LARGE = """\
name: large
summary: an MLP of 81 MiB, weights drawn at random
task: regression
engine: onnx
batching: {maximum_rows: 16}
inputs:
  - {name: x, shape: [64]}
outputs:
  - {name: y, shape: [4]}
"""


class Weights:
    """Weights from a seed, spread so that layers neither fade nor grow."""

    def __init__(self, seed):
        self._bits = np.random.PCG64(seed)
        self.tensors = []

    def add(self, shape, inputs, name):
        """A float32 tensor, uniform with variance 2 / `inputs`; gives its name."""
        bits = self._bits.random_raw(int(np.prod(shape))) >> np.uint64(40)
        spread = np.float32(np.sqrt(6 / inputs))
        values = (bits.astype("f4") * np.float32(2**-23) - np.float32(1)) * spread
        data = values.astype("<f4").tobytes()
        self.tensors.append(helper.make_tensor(name, TensorProto.FLOAT, shape, data, raw=True))
        return name


def null():
    """y = x."""
    return [helper.make_node("Identity", ["x"], ["y"])], []


def cnn():
    """Convolution with stride 2, ReLU and pooling, thrice; then a mean and a linear layer.

    The linear layer is a convolution of 1 x 1, whose bits do not change with the batch.
    """
    weights, nodes, last, channels = Weights(1), [], "image", 1
    for layer, (width, stride) in enumerate([(8, 2), (16, 1), (32, 1)]):
        kernel = weights.add([width, channels, 3, 3], 9 * channels, f"kernel{layer}")
        made = [f"{name}{layer}" for name in ("convolved", "positive", "pooled")]
        nodes += [
            helper.make_node(
                "Conv", [last, kernel], [made[0]], strides=[stride] * 2, pads=[1] * 4
            ),
            helper.make_node("Relu", [made[0]], [made[1]]),
            helper.make_node("MaxPool", [made[1]], [made[2]], kernel_shape=[2, 2], strides=[2, 2]),
        ]
        last, channels = made[2], width
    head = weights.add([4, channels, 1, 1], channels, "head")
    nodes += [
        helper.make_node("GlobalAveragePool", [last], ["mean"]),
        helper.make_node("Conv", ["mean", head], ["wide"]),
        helper.make_node("Flatten", ["wide"], ["scores"]),
    ]
    return nodes, weights.tensors


def large():
    """64, 4096, 4096, 1024 and 4 wide, with ReLU between."""
    weights, nodes, last = Weights(2), [], "x"
    widths = [64, 4096, 4096, 1024, 4]
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        matrix = weights.add([inputs, outputs], inputs, f"matrix{layer}")
        is_last = layer == len(widths) - 2
        name = "y" if is_last else f"linear{layer}"
        nodes.append(helper.make_node("MatMul", [last, matrix], [name]))
        if not is_last:
            nodes.append(helper.make_node("Relu", [name], [f"positive{layer}"]))
        last = f"positive{layer}"
    return nodes, weights.tensors


def write(folder, name, manifest, made, source, target):
    """Writes one model; source and target are (name, shape of one event)."""
    nodes, weights = made
    ends = [
        [helper.make_tensor_value_info(end, TensorProto.FLOAT, ["events", *shape])]
        for end, shape in (source, target)
    ]
    graph = helper.make_graph(nodes, name, *ends, weights)
    imports = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)
    checker.check_model(model)
    version = Path(folder) / name / "1"
    version.mkdir(parents=True, exist_ok=True)
    save(model, str(version / "model.onnx"))
    (version.parent / "model.yaml").write_text(manifest)


def write_references(folder, name):
    """Writes references of eight features that are uniform between 0 and 1."""
    version = Path(folder) / name / "1"
    digest = f"sha256:{hashlib.sha256((version / 'model.onnx').read_bytes()).hexdigest()}"
    bins = 50
    edges = [edge / bins for edge in range(1, bins)]
    references = {
        "format": 1, "model": name, "version": "1", "artefact_digest": digest,
        "engine": "onnxruntime", "precision": "float32", "device_class": "cpu",
        "values": [{"name": f"x{place}", "bin_edges": edges} for place in range(8)],
        "references": [{
            "kind": "simulation", "date": "2026-11-26", "data_digest": digest,
            "events": 1000 * bins, "counts": [[1000] * bins] * 8,
        }],
    }  # fmt: skip
    (version / "references.json").write_text(json.dumps(references) + "\n")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: make.py FOLDER", file=sys.stderr)
        return 2
    folder = sys.argv[1]
    try:
        write(folder, "null", NULL, null(), ("x", [16]), ("y", [16]))
        write(folder, "null-monitored", MONITORED, null(), ("x", [16]), ("y", [16]))
        write_references(folder, "null-monitored")
        write(folder, "cnn", CNN, cnn(), ("image", [1, 64, 64]), ("scores", [4]))
        write(folder, "large", LARGE, large(), ("x", [64]), ("y", [4]))
    except OSError as error:
        print(f"make.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
