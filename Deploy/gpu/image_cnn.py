"""Writes the image models that a GPU is measured with, as folders that vigild serves.

usage: image_cnn.py FOLDER

One network three times: image-cnn-float32, image-cnn-float16 and image-cnn-int8, each from an image
of 1 x 256 x 256 in [0, 1] to four numbers. Residual blocks (He et al. 2016) without normalisation,
weights drawn at random: what is measured is arithmetic. Inputs and outputs are float32 for all
three, so that one file of events serves them all. FOLDER/operations.json counts what one event
costs by each model and by the reference models: floating-point operations of convolutions and
matrix products, two a multiplication with addition.

The same bytes each time: weights are bits of a seeded PCG64, which NumPy keeps as they are.
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

import images

OPSET = 17
IR_VERSION = 8
SIZE = images.SIZE
# Channels of each stage and its residual blocks; every stage halves the image's sides, and so does
# the convolution before the first.
STAGES = [(32, 2), (64, 2), (128, 2), (256, 2)]
ANSWERS = 4
# Random bits of a weight.
WEIGHT_BITS = 11
# Images that the int8 model's ranges are taken from.
RANGE_IMAGES = 16

MANIFEST = """\
name: {name}
summary: four numbers of a 256 x 256 image, weights drawn at random, {precision}
task: regression
engine: onnx
precision: {precision}
required: false
batching: {{maximum_rows: 256}}
queue: {{mebibytes: 4096}}
inputs:
  - {{name: image, shape: [1, {size}, {size}]}}
outputs:
  - {{name: answers, shape: [{answers}]}}
"""


class Network:
    """Nodes and weights of one precision, made layer by layer."""

    def __init__(self, element):
        self.bits = np.random.PCG64(256)
        self.element = element
        self.nodes, self.weights = [], []
        self.last = "image"

    def node(self, kind, inputs, **attributes):
        """Adds a node and gives the name of what it makes."""
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def convolution(self, source, channels, wanted, kernel, stride=1):
        """A convolution that keeps the size of its values, with a bias of zero."""
        fan = channels * kernel * kernel
        bits = self.bits.random_raw(wanted * fan) >> np.uint64(64 - WEIGHT_BITS)
        # A power of two, so that float16 holds the same weights.
        spread = 2.0 ** round(np.log2(np.sqrt(3 / fan)))
        weight = (bits.astype("f8") * 2.0 ** (1 - WEIGHT_BITS) - 1) * spread
        names = []
        element = helper.tensor_dtype_to_np_dtype(self.element)
        for values, shape in ((weight, [wanted, channels, kernel, kernel]), (np.zeros(wanted), [wanted])):
            names.append(f"weight{len(self.weights)}")
            typed = values.reshape(shape).astype(element)
            self.weights.append(numpy_helper.from_array(typed, names[-1]))
        return self.node(
            "Conv", [source, *names], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4
        )

    def block(self, source, channels, wanted, stride):
        """Two convolutions beside a shortcut; the sum keeps its size by half of each."""
        inner = self.node("Relu", [self.convolution(source, channels, wanted, 3, stride)])
        inner = self.convolution(inner, wanted, wanted, 3)
        if channels != wanted:
            source = self.convolution(source, channels, wanted, 1, stride)
        return self.node("Relu", [self.node("Add", [inner, source])])


def network(element):
    """The model in float32 or float16."""
    made = Network(element)
    last = "image" if element == TensorProto.FLOAT else made.node("Cast", ["image"], to=element)
    channels = STAGES[0][0]
    last = made.node("Relu", [made.convolution(last, 1, channels, 5, 2)])
    for stage, (wanted, blocks) in enumerate(STAGES):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            last = made.block(last, channels, wanted, stride)
            channels = wanted
    last = made.convolution(made.node("GlobalAveragePool", [last]), channels, ANSWERS, 1)
    last = made.node("Flatten", [last])
    made.nodes.append(helper.make_node("Cast", [last], ["answers"], to=TensorProto.FLOAT))
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["events", *shape])]
        for name, shape in (("image", [1, SIZE, SIZE]), ("answers", [ANSWERS]))
    ]
    graph = helper.make_graph(made.nodes, "image-cnn", *ends, made.weights)
    imports = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


class Images(CalibrationDataReader):
    """The images that the int8 model's ranges are taken from."""

    def __init__(self):
        self.images = np.split(images.draw(RANGE_IMAGES, seed=8), RANGE_IMAGES)

    def get_next(self):
        """One image under the input's name, or nothing after the last."""
        return {"image": self.images.pop()} if self.images else None


def quantised(model):
    """The model with int8 weights a channel and int8 activations, both about zero."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantize_static(
            source,
            target,
            Images(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": True, "WeightSymmetric": True},
        )
        return onnx.load(target)


def operations(model):
    """Floating-point operations of one event: those of Conv, Gemm and MatMul."""
    with tempfile.TemporaryDirectory() as folder:
        # Shapes are known once constants are folded for one event.
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.add_free_dimension_override_by_name(
            model.graph.input[0].type.tensor_type.shape.dim[0].dim_param, 1
        )
        onnxruntime.InferenceSession(model.SerializeToString(), options)
        graph = shape_inference.infer_shapes(onnx.load(options.optimized_model_filepath)).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        shapes[value.name] = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += 2 * np.prod(shapes[node.output[0]]) * np.prod(shapes[node.input[1]][1:])
        elif node.op_type in ("Gemm", "MatMul", "FusedMatMul"):
            total += 2 * np.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return int(total)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: image_cnn.py FOLDER", file=sys.stderr)
        return 2
    # Advice about steps that this graph does not need.
    logging.getLogger().setLevel(logging.ERROR)
    folder = Path(sys.argv[1])
    exact = network(TensorProto.FLOAT)
    models = {"float32": exact, "float16": network(TensorProto.FLOAT16), "int8": quantised(exact)}
    counts = {}
    for precision, model in models.items():
        name = f"image-cnn-{precision}"
        (folder / name / "1").mkdir(parents=True, exist_ok=True)
        onnx.save(model, folder / name / "1" / "model.onnx")
        text = MANIFEST.format(name=name, precision=precision, size=SIZE, answers=ANSWERS)
        (folder / name / "model.yaml").write_text(text)
        counts[name] = operations(exact)
    reference = Path(__file__).resolve().parents[2] / "Zoo" / "models"
    for name in ("er-nr-mlp", "position-cnn"):
        counts[name] = operations(onnx.load(reference / name / "1" / "model.onnx"))
    (folder / "operations.json").write_text(json.dumps(counts, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
