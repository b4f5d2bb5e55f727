"""Makes INT8 versions of an ONNX model by ONNX Runtime's own quantizer; `vigil quantize` runs it.

usage: python quantizer.py JOB

JOB is a JSON object in a file. With the task "prepare" the model is made ready and what it holds
is told; with "quantize" each candidate is written, some of its layers left in float32. What is
found is written to the job's "result"; what goes wrong is the last line on standard error.
"""

import collections
import json
import os
import sys
from pathlib import Path

# ONNX Runtime reports to its makers when it is loaded, unless it is told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as error:
    sys.exit(f"the Python package {error.name} is missing")

# Nodes with weights, in which a model's time goes.
MATRICES = ("Conv", "ConvTranspose", "Gemm", "MatMul")
# Those of them that ONNX Runtime runs in INT8 with an output that is not rounded to 8 bits.
EXACT_OUTPUTS = ("Gemm", "MatMul")
# What ONNX Runtime would join with a layer that it then runs in float32, were it not rounded too.
ACTIVATIONS = ("Relu", "Clip")
# Weights with a scale for each channel need it.
LEAST_OPSET = 13
# Events of one run while activations are looked at.
BATCH_ROWS = 64
# That of entropy is left out: of the bins that ONNX Runtime gives it, its ranges are minmax's.
METHODS = {
    "minmax": quantization.CalibrationMethod.MinMax,
    "percentile": quantization.CalibrationMethod.Percentile,
}


class Events(quantization.CalibrationDataReader):
    """Inputs of the events that set the ranges of activations, batch after batch."""

    def __init__(self, path, rows):
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        events = len(next(iter(arrays.values())))
        # The last batch is filled up with the first events: a graph may take no other number.
        batches = [np.arange(start, start + rows) % events for start in range(0, events, rows)]
        self.batches = iter(
            [{name: array[batch] for name, array in arrays.items()} for batch in batches]
        )

    def get_next(self):
        return next(self.batches, None)


def matrices(graph):
    """Nodes whose weights are constants, in the order that they run in."""
    constants = {constant.name for constant in graph.initializer}
    return [n for n in graph.node if n.op_type in MATRICES and n.input[1] in constants]


def between(graph, kept):
    """Names of the nodes kept, of their activations, and of those that lie between two of them.

    What comes before the first, such as logarithms of raw pulse areas, and what comes after the
    last needs more than 8 bits, and takes little time.
    """
    after, behind = set(), set()
    for node in graph.node:
        if node.name in kept or after.intersection(node.input):
            after.update(node.output)
    for node in reversed(graph.node):
        if behind.intersection(node.output):
            behind.update(node.input)
        if node.name in kept:
            behind.add(node.input[0])
    inner = {
        node.name
        for node in graph.node
        if after.intersection(node.input) and behind.intersection(node.output)
    }
    last = {output for node in graph.node if node.name in kept for output in node.output}
    activations = {
        node.name
        for node in graph.node
        if node.op_type in ACTIVATIONS and node.input[0] in last
    }
    return inner | kept | activations


def clipped_layers(graph):
    """Names of the nodes whose output an activation reads."""
    read = {node.input[0] for node in graph.node if node.op_type in ACTIVATIONS}
    return {node.name for node in graph.node if read.intersection(node.output)}


def keep_last_outputs(model, quantized, clipped):
    """Takes the rounding to 8 bits away from what leaves the quantized part of a graph.

    With 256 values of a score at most, events of different classes would be tied. Of layers whose
    outputs are `clipped` it stays: the quantizer lets the range of the rounding clip for them.
    """
    graph = model.graph
    makers = {output: node for node in graph.node for output in node.output}
    readers = collections.defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    names, gone = {}, []
    for rounding in graph.node:
        maker = makers.get(rounding.input[0]) if rounding.op_type == "QuantizeLinear" else None
        if maker is None or maker.op_type not in EXACT_OUTPUTS or maker.name in clipped:
            continue
        widenings = readers[rounding.output[0]]
        ends = [node.output[0] for node in widenings]
        users = {node.name for end in ends for node in readers[end]}
        if maker.name not in quantized or len(ends) != 1 or users & quantized:
            continue
        # The end may be an output of the graph: its name stays.
        names[rounding.input[0]] = ends[0]
        gone += [rounding, *widenings]
    for node in gone:
        graph.node.remove(node)
    for node in graph.node:
        for tensors in (node.input, node.output):
            for place, name in enumerate(tensors):
                tensors[place] = names.get(name, name)
    read = {name for node in graph.node for name in node.input}
    for constant in [one for one in graph.initializer if one.name not in read]:
        graph.initializer.remove(constant)


def prepare(job):
    """Gives every node a name and a shape, folds what is constant; groups the layers."""
    model = onnx.load(job["model"])
    opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < LEAST_OPSET:
        model = onnx.version_converter.convert_version(model, LEAST_OPSET)
    onnx.save(model, job["prepared"])
    quant_pre_process(job["prepared"], job["prepared"], skip_symbolic_shape=True)
    model = onnx.load(job["prepared"])
    taken = set()
    for number, node in enumerate(model.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{number}"
        taken.add(node.name)
    onnx.save(model, job["prepared"])
    layers = [node.name for node in matrices(model.graph)]
    count = min(job["groups"], len(layers))
    # Neighbours belong together: a layer in float32 between two others costs two conversions.
    parts = np.array_split(layers, count) if count else []
    groups = [[str(name) for name in part] for part in parts]
    (library,) = (Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*")
    return {"library": str(library), "layers": len(layers), "groups": groups}


def quantize(job):
    """Writes each candidate: unsigned 8 bits for activations, signed ones a channel for weights."""
    graph = onnx.load(job["prepared"]).graph
    clipped = clipped_layers(graph)
    fixed = graph.input[0].type.tensor_type.shape.dim[0].dim_value
    for candidate in job["candidates"]:
        kept = {node.name for node in matrices(graph)} - set(candidate["excluded"])
        quantized = between(graph, kept)
        quantization.quantize_static(
            job["prepared"],
            candidate["output"],
            Events(job["data"], fixed or BATCH_ROWS),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            nodes_to_quantize=sorted(quantized),
            calibrate_method=METHODS[job["method"]],
        )
        model = onnx.load(candidate["output"])
        keep_last_outputs(model, quantized, clipped)
        onnx.checker.check_model(model)
        onnx.save(model, candidate["output"])
    return {}


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    found = {"prepare": prepare, "quantize": quantize}[job["task"]](job)
    Path(job["result"]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
